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
      `Cannot request ${actor}: no node has served it in time; look whether nodes run that host its kind`,
      options,
    );
  }
}

/** Too many requests wait for the actor, or at its node. */
export class OverloadedError extends Error {
  /** Always `"OverloadedError"`. */
  override readonly name = "OverloadedError";
  /** Always `"no"`. */
  readonly begun: Begun = "no";

  /** Says which actor has too much to do. */
  constructor(actor: string) {
    super(
      `Cannot request ${actor}: too many requests wait already; ask again later`,
    );
  }
}

/** The node that owns the actor's shard does not host its kind. */
export class UnknownKindError extends Error {
  /** Always `"UnknownKindError"`. */
  override readonly name = "UnknownKindError";
  /** Always `"no"`. */
  readonly begun: Begun = "no";
  /** The kind. */
  readonly kind: string;

  /** Says which kind nobody hosts there. */
  constructor(kind: string, nodeId: string) {
    super(
      `Cannot request an actor of kind ${show(kind)}: node ${
        show(nodeId)
      }, which owns its shard, has no handler for it; register the kind on every member`,
    );
    this.kind = kind;
  }
}

/** The handler failed. */
export class HandlerError extends Error {
  /** Always `"HandlerError"`. */
  override readonly name = "HandlerError";
  /** Always `"unknown"`: it has begun, and what it did before stands. */
  readonly begun: Begun = "unknown";
  /** The name of the handler's error, such as `Rejection`. */
  readonly errorName: string;
  /** The `code` of the handler's error, if it is a string. */
  readonly code: string | undefined;
  /** The `data` of the handler's error, if it is JSON. */
  readonly data: unknown;

  /** Carries what the handler said, without its stack. */
  constructor({ name, message, code, data }: HandlerFailure) {
    super(message);
    this.errorName = name;
    this.code = code;
    this.data = data;
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
