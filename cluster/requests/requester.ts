/**
 * The side of a node that sends requests to whichever node owns their actors.
 *
 * @module
 */

import { shardOf } from "../../internal/hash.ts";
import {
  ConnectionLostError,
  NoRespondersError,
  RequestTimeoutError,
} from "../../internal/nats/errors.ts";
import type { TraceContext } from "../../internal/telemetry/types.ts";
import { Rejection } from "../../internal/rejection.ts";
import { NodeLeftError } from "../members/errors.ts";
import type { ShardOwnership } from "../shards/shard_engine.ts";
import { Attempts, type Outcome } from "./_attempts.ts";
import {
  fromBody,
  MalformedEnvelopeError,
  type Reply,
  toBody,
} from "./envelope.ts";
import {
  actorName,
  ActorTimeoutError,
  type Begun,
  HandlerError,
  type HandlerFailure,
  NoOwnerError,
  OverloadedError,
  RequestLostError,
  RequestTooLargeError,
  UnknownKindError,
  UnreadableRequestError,
} from "./errors.ts";
import { Owners, type RequestRouting } from "./_owners.ts";
import type { RequestHost } from "./request_host.ts";
import type { RequestTransport } from "./transport.ts";

export type { RequestRouting };

/**
 * How long a request that may be sent again waits for its answer before it is,
 * in milliseconds; twice as long each time. A server that dies may take the
 * request or the answer with it, and neither side is told.
 */
const FIRST_PATIENCE_MS = 2_000;

/** A request as it was asked for, checked. */
export interface RequestCall {
  readonly kind: string;
  readonly actorId: string;
  readonly payload: unknown;
  readonly commandId: string | undefined;
  /** Whether it may be sent again though it may have begun. */
  readonly repeatable: boolean;
  /** In milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly trace: TraceContext | undefined;
}

/** Counts since a node has started; each only rises. */
export interface RequestCounters {
  /** Requests that were answered by a handler. */
  answered: number;
  /** Requests that failed otherwise. */
  unanswered: number;
  /** Times in which a request was sent again, or to another node. */
  redirected: number;
}

/** An answer of a handler. */
type Answer = Reply & { type: "done" | "failed" };

/** Sends requests. */
export class Requester {
  /** What is counted. */
  readonly counters: RequestCounters = {
    answered: 0,
    unanswered: 0,
    redirected: 0,
  };
  readonly #owners: Owners;
  readonly #attempts: Attempts;
  /** Of this requester alone: its calls are told apart by what is behind it. */
  readonly #callPrefix = `${crypto.randomUUID()}-`;
  #calls = 0;
  #over: Error | undefined;
  #waiting = 0;

  constructor(
    routing: RequestRouting,
    host: RequestHost,
    transport: RequestTransport,
  ) {
    this.#owners = new Owners(routing);
    this.#attempts = new Attempts(this.#owners, host, transport);
  }

  /** Requests that wait for their answers. */
  get waiting(): number {
    return this.#waiting;
  }

  /** There may be another owner of something. */
  changed(): void {
    this.#owners.changed();
  }

  /** Fails what is under way and what comes later. */
  close(reason: Error = new NodeLeftError("request an actor")): void {
    this.#over ??= reason;
    this.#attempts.close();
  }

  /** Sends a request until it is answered, or its time is up. */
  async request(call: RequestCall): Promise<unknown> {
    this.#waiting++;
    try {
      const answer = await this.#request(call);
      this.counters.answered++;
      if (answer.type === "failed") throw thrownFor(call, answer.failure);
      return fromBody(answer.body);
    } catch (error) {
      const isAnswer = error instanceof HandlerError ||
        error instanceof Rejection;
      if (!isAnswer) this.counters.unanswered++;
      throw error;
    } finally {
      this.#waiting--;
    }
  }

  async #request(call: RequestCall): Promise<Answer> {
    const { kind, actorId, signal, timeout } = call;
    const actor = actorName(kind, actorId);
    const body = toBody(call.payload, `request ${actor}`, "payload");
    const deadline = performance.now() + timeout;
    let begun: Begun = "no";
    let last: Error | undefined;
    let owner: ShardOwnership | undefined;
    let patience = call.repeatable ? FIRST_PATIENCE_MS : Infinity;
    const id = call.repeatable ? this.#callPrefix + ++this.#calls : undefined;
    let number = 0;
    for (let attempt = 0;; attempt++) {
      signal?.throwIfAborted();
      if (this.#over !== undefined) {
        if (begun === "no") throw this.#over;
        const why = "this node has left the cluster meanwhile";
        throw new RequestLostError(actor, why, { cause: this.#over });
      }
      const timeLeft = attempt === 0 ? timeout : deadline - performance.now();
      if (timeLeft <= 0) {
        const isUnowned = begun === "no" && owner === undefined;
        if (isUnowned) throw new NoOwnerError(actor, { cause: last });
        throw new ActorTimeoutError({ actor, timeout, begun }, { cause: last });
      }
      if (attempt > 0) this.counters.redirected++;
      const shard = this.#shardOf(actorId);
      owner = shard === undefined ? undefined : this.#owners.of(shard);
      if (shard === undefined || owner === undefined) {
        const isOver = () => this.#over !== undefined || this.#isOwned(actorId);
        await this.#owners.pause(timeLeft, signal, isOver);
        continue;
      }
      const { commandId, trace } = call;
      const { epoch } = owner;
      const outcome = await this.#attempts.ask(
        {
          kind,
          actorId,
          epoch,
          timeLeft,
          commandId,
          attempt: id === undefined ? undefined : { id, number: ++number },
          trace,
          body,
        },
        shard,
        owner,
        {
          signal,
          hasty: call.repeatable,
          patience: Math.min(timeLeft, patience),
        },
      );
      if (isSilence(outcome)) patience *= 2;
      const result = this.#judge(call, actor, outcome, begun, shard, owner);
      if ("type" in result) return result;
      ({ begun } = result);
      last = result.error ?? last;
      await this.#owners.pause(
        deadline - performance.now(),
        signal,
        () =>
          this.#over !== undefined || this.#owners.of(shard)?.epoch !== epoch,
      );
    }
  }

  #isOwned(actorId: string): boolean {
    const shard = this.#shardOf(actorId);
    return shard !== undefined && this.#owners.of(shard) !== undefined;
  }

  #shardOf(actorId: string): number | undefined {
    const { shardCount } = this.#owners.routing;
    return shardCount === undefined ? undefined : shardOf(actorId, shardCount);
  }

  /**
   * What comes of an attempt: an answer, or that it may be sent again.
   *
   * @param begun Whether an earlier attempt may have begun.
   * @throws If it may not be sent again.
   */
  #judge(
    { kind, repeatable, timeout }: RequestCall,
    actor: string,
    outcome: Outcome,
    begun: Begun,
    shard: number,
    { nodeId, epoch }: ShardOwnership,
  ): Answer | { begun: Begun; error: Error | undefined } {
    let lost: RequestLostError;
    switch (outcome.type) {
      case "done":
      case "failed":
        if (outcome.epoch >= epoch) return outcome;
        lost = new RequestLostError(actor, "its answer is of an older owner");
        break;
      case "not-owner":
        this.#owners.note(shard, outcome.epoch);
        return { begun, error: undefined };
      case "unknown-kind":
        throw new UnknownKindError(kind, nodeId, begun);
      case "overloaded":
        throw new OverloadedError(actor, begun);
      case "unreadable":
        throw new UnreadableRequestError(actor, nodeId, begun);
      case "expired":
        throw new ActorTimeoutError({ actor, timeout, begun });
      case "too-large": {
        const { size } = outcome;
        const limit = this.#attempts.maxBytes;
        throw new RequestTooLargeError({ actor, size, limit, begun });
      }
      case "unreachable": {
        const { error } = outcome;
        if (isNotSent(error)) return { begun, error };
        if (isSilence(outcome) && !repeatable) {
          const details = { actor, timeout, begun: "unknown" } as const;
          throw new ActorTimeoutError(details, { cause: error });
        }
        if (!isSilence(outcome) && !isLoss(error)) throw error;
        lost = new RequestLostError(actor, error.message, { cause: error });
        break;
      }
      case "lost": {
        const why = "the node that had begun may not answer for it any more";
        lost = new RequestLostError(actor, why);
      }
    }
    if (!repeatable) throw lost;
    return { begun: "unknown", error: lost };
  }
}

/** What a caller is thrown for what a handler has thrown. */
function thrownFor(
  { kind, actorId }: RequestCall,
  failure: HandlerFailure,
): Rejection | HandlerError {
  const { name, code, message, data } = failure;
  return name === "Rejection" && code !== undefined
    ? new Rejection(code, message, data)
    : new HandlerError(actorName(kind, actorId), failure);
}

/** Whether the handler has certainly not begun. */
function isNotSent(error: Error): boolean {
  return error instanceof NoRespondersError ||
    (error instanceof ConnectionLostError && !error.sent);
}

/** Whether there was no answer for as long as it was waited for. */
function isSilence(outcome: Outcome): boolean {
  return outcome.type === "unreachable" &&
    outcome.error instanceof RequestTimeoutError;
}

/** Whether it may have begun, and its answer is lost. */
function isLoss(error: Error): boolean {
  return error instanceof MalformedEnvelopeError ||
    (error instanceof ConnectionLostError && error.sent);
}
