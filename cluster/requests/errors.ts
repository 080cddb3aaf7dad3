/**
 * What can go wrong with requests, one class a failure. Tell them apart with
 * `instanceof`; each says whether the handler may have begun.
 *
 * @module
 */

import { show } from "../../internal/show.ts";

/**
 * Whether a handler may have begun with a request that failed: `"no"` is
 * certain, so that sending it again repeats nothing; after `"unknown"` it may
 * have been carried out, whole or in part.
 */
export type Begun = "no" | "unknown";

/** A request was not answered in time. */
export class ActorTimeoutError extends Error {
  /** Always `"ActorTimeoutError"`. */
  override readonly name = "ActorTimeoutError";
  /** Whether the handler may have begun. */
  readonly begun: Begun;
  /** The request's timeout, in milliseconds. */
  readonly timeout: number;

  /** Says which actor did not answer. */
  constructor(
    { actor, timeout, begun }: {
      actor: string;
      timeout: number;
      begun: Begun;
    },
    options?: ErrorOptions,
  ) {
    super(
      `Cannot request ${actor}: it did not answer within ${timeout} ms` +
        (begun === "no" ? " and has not begun" : ""),
      options,
    );
    this.begun = begun;
    this.timeout = timeout;
  }
}

/** Nobody owned the actor's shard until the request's time was up. */
export class NoOwnerError extends Error {
  /** Always `"NoOwnerError"`. */
  override readonly name = "NoOwnerError";
  /** Always `"no"`. */
  readonly begun: Begun = "no";

  /** Says which actor has no owner. */
  constructor(actor: string, options?: ErrorOptions) {
    super(
      `Cannot request ${actor}: no node has served it in time; check that a member that hosts this kind is running`,
      options,
    );
  }
}

/** Too many requests wait for the actor, or at its node. */
export class OverloadedError extends Error {
  /** Always `"OverloadedError"`. */
  override readonly name = "OverloadedError";
  /** `"unknown"` only if an earlier attempt, of which nothing came, may have. */
  readonly begun: Begun;

  /** Says which actor has too much to do. */
  constructor(actor: string, begun: Begun = "no") {
    super(
      `Cannot request ${actor}: too many requests wait already; ask again later`,
    );
    this.begun = begun;
  }
}

/** The node that owns the actor's shard does not host its kind. */
export class UnknownKindError extends Error {
  /** Always `"UnknownKindError"`. */
  override readonly name = "UnknownKindError";
  /** `"unknown"` only if an earlier attempt, of which nothing came, may have. */
  readonly begun: Begun;
  /** The kind. */
  readonly kind: string;

  /** Says which kind nobody hosts there. */
  constructor(kind: string, nodeId: string, begun: Begun = "no") {
    super(
      `Cannot request an actor of kind ${show(kind)}: node ${
        show(nodeId)
      }, which owns its shard, has no handler for it; register the kind on every member`,
    );
    this.begun = begun;
    this.kind = kind;
  }
}

/** The request is larger than the server takes. */
export class RequestTooLargeError extends Error {
  /** Always `"RequestTooLargeError"`. */
  override readonly name = "RequestTooLargeError";
  /** `"unknown"` only if an earlier attempt, of which nothing came, may have. */
  readonly begun: Begun;
  /** The bytes that it takes, with what is sent along. */
  readonly size: number;
  /** The most bytes that the server takes, its `max_payload`. */
  readonly limit: number;

  /** Says whose request it is, how large it is, and what the limit is. */
  constructor(
    { actor, size, limit, begun = "no" }: {
      actor: string;
      size: number;
      limit: number;
      begun?: Begun | undefined;
    },
  ) {
    super(
      `Cannot request ${actor}: it takes ${size} bytes, the server takes at most ${limit} (max_payload)`,
    );
    this.begun = begun;
    this.size = size;
    this.limit = limit;
  }
}

/** The node that owns the actor's shard can't read the request. */
export class UnreadableRequestError extends Error {
  /** Always `"UnreadableRequestError"`. */
  override readonly name = "UnreadableRequestError";
  /** `"unknown"` only if an earlier attempt, of which nothing came, may have. */
  readonly begun: Begun;

  /** Says which node it is, and what to do. */
  constructor(actor: string, nodeId: string, begun: Begun = "no") {
    super(
      `Cannot request ${actor}: node ${
        show(nodeId)
      } can't read the request; use the same version of the library on every node`,
    );
    this.begun = begun;
  }
}

/** The handler failed. */
export class HandlerError extends Error {
  /** Always `"HandlerError"`. */
  override readonly name = "HandlerError";
  /** Always `"unknown"`: it has begun, and what it did before stands. */
  readonly begun: Begun = "unknown";
  /** The name of the handler's error, such as `TypeError`. */
  readonly errorName: string;
  /** The message of the handler's error. */
  readonly errorMessage: string;
  /** The `code` of the handler's error, if it is a string. */
  readonly code: string | undefined;
  /** The `data` of the handler's error, if it is JSON. */
  readonly data: unknown;

  /** Says whose handler failed, and carries what it said, without its stack. */
  constructor(actor: string, { name, message, code, data }: HandlerFailure) {
    super(
      `Cannot request ${actor}: its handler failed: ${name}${
        message === "" ? "" : `: ${message}`
      }`,
    );
    this.errorName = name;
    this.errorMessage = message;
    this.code = code;
    this.data = data;
  }
}

/**
 * A handler has failed with an error that has no string as `code`: passed to
 * `onError` on the actor's node, where it has its stack as `cause`.
 */
export class ActorHandlerError extends Error {
  /** Always `"ActorHandlerError"`. */
  override readonly name = "ActorHandlerError";
  /** The actor's kind. */
  readonly kind: string;
  /** The actor. */
  readonly actorId: string;
  /** The command id of the request, if it has one. */
  readonly commandId: string | undefined;

  /** Says whose handler failed. */
  constructor(
    { kind, actorId, commandId }: {
      kind: string;
      actorId: string;
      commandId: string | undefined;
    },
    { name, message }: HandlerFailure,
    options?: ErrorOptions,
  ) {
    super(
      `Cannot handle a request of ${actorName(kind, actorId)}: ${name}${
        message === "" ? "" : `: ${message}`
      }`,
      options,
    );
    this.kind = kind;
    this.actorId = actorId;
    this.commandId = commandId;
  }
}

/** A handler's error, as it goes from node to node. */
export interface HandlerFailure {
  /** Its name. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Its code, if it has one. */
  readonly code?: string | undefined;
  /** Its data, if it has some. */
  readonly data?: unknown;
}

/**
 * The answer is lost: the node or the connection went away after the request
 * was sent, or the node does not own the actor any more.
 */
export class RequestLostError extends Error {
  /** Always `"RequestLostError"`. */
  override readonly name = "RequestLostError";
  /** Always `"unknown"`. */
  readonly begun: Begun = "unknown";

  /** Says whose answer is lost, and why. */
  constructor(actor: string, why: string, options?: ErrorOptions) {
    super(
      `Cannot request ${actor}: ${why}; with a \`commandId\`, or as \`idempotent\`, it would have been sent again`,
      options,
    );
  }
}

/** How an actor is called in errors. */
export function actorName(kind: string, actorId: string): string {
  return `actor ${show(actorId)} of kind ${show(kind)}`;
}
