/**
 * The side of a node that sends requests to whichever node owns their actors.
 *
 * @module
 */

import { PayloadTooLargeError } from "../../event/errors.ts";
import { shardOf } from "../../internal/hash.ts";
import {
  ConnectionLostError,
  NoRespondersError,
  RequestTimeoutError,
} from "../../internal/nats/errors.ts";
import type { TraceContext } from "../../internal/telemetry/types.ts";
import { NodeLeftError } from "../members/errors.ts";
import type { ShardOwnership } from "../shards/shard_engine.ts";
import {
  type Body,
  decodeReply,
  encodeRequest,
  type Envelope,
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
  NoOwnerError,
  OverloadedError,
  RequestLostError,
  UnknownKindError,
} from "./errors.ts";
import { Expiries, type Expiring } from "./_expiries.ts";
import type { RequestHost } from "./request_host.ts";
import type { NodeAddress, RequestTransport } from "./transport.ts";

/** How long a caller waits before it asks again where nothing has changed. */
const MAX_PAUSE_MS = 100;

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

/** What a requester knows of the shards. */
export interface RequestRouting {
  /** How many there are; undefined as long as that is not known. */
  readonly shardCount: number | undefined;
  ownerOf(shard: number): ShardOwnership | undefined;
  /** The epoch at which this node may begin something, if it may. */
  epochOf(shard: number): number | undefined;
  /** This node, in its present life. */
  readonly self: NodeAddress | undefined;
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

/** What an attempt came to, if it was not a reply. */
type Outcome = Reply | { readonly type: "unreachable"; readonly error: Error };

/** Sends requests. */
export class Requester {
  /** What is counted. */
  readonly counters: RequestCounters = {
    answered: 0,
    unanswered: 0,
    redirected: 0,
  };
  readonly #routing: RequestRouting;
  readonly #host: RequestHost;
  readonly #transport: RequestTransport;
  readonly #expiries = new Expiries();
  /** The highest epoch that was heard of, by shard. */
  readonly #epochs = new Map<number, number>();
  readonly #waiters = new Set<() => void>();
  #over: Error | undefined;
  #waiting = 0;

  constructor(
    routing: RequestRouting,
    host: RequestHost,
    transport: RequestTransport,
  ) {
    this.#routing = routing;
    this.#host = host;
    this.#transport = transport;
  }

  /** Requests that wait for their answers. */
  get waiting(): number {
    return this.#waiting;
  }

  /** There may be another owner of something. */
  changed(): void {
    for (const look of [...this.#waiters]) look();
  }

  /** Fails what is under way and what comes later. */
  close(reason: Error = new NodeLeftError("request an actor")): void {
    this.#over ??= reason;
    this.changed();
    this.#expiries.close();
  }

  /** Sends a request until it is answered, or its time is up. */
  async request(call: RequestCall): Promise<unknown> {
    this.#waiting++;
    try {
      const reply = await this.#request(call);
      this.counters.answered++;
      if (reply.type === "failed") throw new HandlerError(reply.failure);
      return fromBody(reply.body);
    } catch (error) {
      if (!(error instanceof HandlerError)) this.counters.unanswered++;
      throw error;
    } finally {
      this.#waiting--;
    }
  }

  async #request(
    call: RequestCall,
  ): Promise<Reply & { type: "done" | "failed" }> {
    const { kind, actorId, signal, timeout, repeatable } = call;
    const actor = actorName(kind, actorId);
    const body = toBody(call.payload, `request ${actor}`);
    const deadline = performance.now() + timeout;
    let begun: Begun = "no";
    let last: Error | undefined;
    let found: ShardOwnership | undefined;
    for (let attempt = 0;; attempt++) {
      signal?.throwIfAborted();
      if (this.#over) throw this.#over;
      const left = deadline - performance.now();
      if (left <= 0) {
        const isUnowned = begun === "no" && found === undefined;
        if (isUnowned) throw new NoOwnerError(actor, { cause: last });
        throw new ActorTimeoutError({ actor, timeout, begun }, { cause: last });
      }
      if (attempt > 0) this.counters.redirected++;
      const { shardCount } = this.#routing;
      const shard = shardCount && shardOf(actorId, shardCount);
      found = shard === undefined ? undefined : this.#ownerOf(shard);
      if (shard === undefined || found === undefined) {
        await this.#pause(left, signal);
        continue;
      }
      const outcome = await this.#attempt(call, body, shard, found, left);
      switch (outcome.type) {
        case "done":
        case "failed":
          if (outcome.epoch >= this.#epochOf(shard)) return outcome;
          last = new RequestLostError(actor, "its answer is of an older owner");
          break;
        case "unknown-kind":
          throw new UnknownKindError(kind, found.nodeId);
        case "overloaded":
          throw new OverloadedError(actor);
        case "not-owner":
          this.#note(shard, outcome.epoch);
          await this.#pause(deadline - performance.now(), signal, found, shard);
          continue;
        case "expired":
          throw new ActorTimeoutError({ actor, timeout, begun });
        case "unreachable": {
          const { error } = outcome;
          last = error;
          if (isNotSent(error)) {
            await this.#pause(
              deadline - performance.now(),
              signal,
              found,
              shard,
            );
            continue;
          }
          if (error instanceof RequestTimeoutError) {
            const details = { actor, timeout, begun: "unknown" } as const;
            throw new ActorTimeoutError(details, { cause: error });
          }
          if (!isLoss(error)) throw error;
          last = new RequestLostError(actor, error.message, { cause: error });
          break;
        }
        case "lost":
          last = new RequestLostError(
            actor,
            "the node that had begun may not answer for it any more",
          );
      }
      begun = "unknown";
      if (!repeatable) throw last;
      await this.#pause(deadline - performance.now(), signal, found, shard);
    }
  }

  /** Asks the owner once. */
  #attempt(
    call: RequestCall,
    body: Body,
    shard: number,
    owner: ShardOwnership,
    timeLeft: number,
  ): Promise<Outcome> {
    const { kind, actorId, commandId, trace } = call;
    const { epoch } = owner;
    const request = { kind, actorId, epoch, timeLeft, commandId, trace, body };
    const { self } = this.#routing;
    const isOwn = owner.nodeId === self?.nodeId &&
      owner.incarnation === self.incarnation;
    return isOwn
      ? this.#ask(request, shard, call.signal)
      : this.#send(request, shard, owner, call.signal);
  }

  /** Asks this node, which copies payload and reply as others do. */
  #ask(
    request: Envelope,
    shard: number,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        this.#expiries.delete(expiring);
        signal?.removeEventListener("abort", aborted);
        end();
      };
      const aborted = () => settle(() => reject(signal!.reason));
      const expiring: Expiring = {
        deadline: performance.now() + request.timeLeft,
        expired: () =>
          settle(() => {
            const error = new RequestTimeoutError(
              "this node",
              request.timeLeft,
            );
            resolve({ type: "unreachable", error });
          }),
      };
      this.#expiries.add(expiring);
      signal?.addEventListener("abort", aborted);
      this.#host.receive(request, shard).then(
        (reply) => settle(() => resolve(reply)),
        (error) => settle(() => reject(error)),
      );
    });
  }

  async #send(
    request: Envelope,
    shard: number,
    owner: ShardOwnership,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    const message = encodeRequest(request);
    const { maxBytes } = this.#transport;
    if (message.length > maxBytes) {
      throw new PayloadTooLargeError(
        `Cannot request ${
          actorName(request.kind, request.actorId)
        }: it takes ${message.length} bytes, the server takes at most ${maxBytes} (max_payload)`,
        { size: message.length, limit: maxBytes },
      );
    }
    // What the owner answers after it was replaced counts no more.
    const controller = new AbortController();
    const look = () => {
      const isReplaced = this.#epochOf(shard) > owner.epoch;
      if (this.#over ?? isReplaced) controller.abort(REPLACED);
    };
    const aborted = () => controller.abort(signal!.reason);
    this.#waiters.add(look);
    signal?.addEventListener("abort", aborted);
    try {
      const { timeLeft } = request;
      const reply = await this.#transport
        .send(owner, message, timeLeft, controller.signal);
      return decodeReply(reply);
    } catch (error) {
      if (error === REPLACED) return { type: "lost" };
      if (signal?.aborted || !(error instanceof Error)) throw error;
      if (error instanceof MalformedEnvelopeError) return { type: "lost" };
      return { type: "unreachable", error };
    } finally {
      this.#waiters.delete(look);
      signal?.removeEventListener("abort", aborted);
    }
  }

  /** The owner of a shard, unless a later one was heard of. */
  #ownerOf(shard: number): ShardOwnership | undefined {
    const owner = this.#routing.ownerOf(shard);
    if (owner === undefined || owner.epoch < this.#epochOf(shard)) {
      return undefined;
    }
    return owner;
  }

  /** The highest epoch of a shard that is known. */
  #epochOf(shard: number): number {
    const known = this.#routing.ownerOf(shard)?.epoch ?? 0;
    this.#note(shard, known);
    return this.#epochs.get(shard) ?? 0;
  }

  #note(shard: number, epoch: number): void {
    if (epoch > (this.#epochs.get(shard) ?? 0)) this.#epochs.set(shard, epoch);
  }

  /**
   * Waits for a change, some time at most; if `owner` is given, for another
   * owner of the shard.
   */
  #pause(
    left: number,
    signal: AbortSignal | undefined,
    owner?: ShardOwnership,
    shard?: number,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(timer);
        this.#waiters.delete(look);
        signal?.removeEventListener("abort", aborted);
        end();
      };
      const aborted = () => settle(() => reject(signal!.reason));
      const look = () => {
        const isOther = owner === undefined || this.#over !== undefined ||
          this.#ownerOf(shard!)?.epoch !== owner.epoch;
        if (isOther) settle(resolve);
      };
      const most = MAX_PAUSE_MS * (0.5 + Math.random() / 2);
      const timer = setTimeout(
        () => settle(resolve),
        Math.max(0, Math.min(left, most)),
      );
      this.#waiters.add(look);
      signal?.addEventListener("abort", aborted);
    });
  }
}

/** The reason of an attempt that is given up because there is a later owner. */
const REPLACED = new Error("The actor's shard has a later owner");

/** Whether the handler has certainly not begun. */
function isNotSent(error: Error): boolean {
  return error instanceof NoRespondersError ||
    (error instanceof ConnectionLostError && !error.sent);
}

/** Whether the answer may have been lost on the way. */
function isLoss(error: Error): boolean {
  return error instanceof ConnectionLostError && error.sent;
}
