/**
 * What users register to handle requests.
 *
 * @module
 */

import type { TraceContext } from "../../internal/telemetry/types.ts";

/** What a handler knows of the request that it handles. */
export interface HandlerContext {
  /** The kind of the actor. */
  readonly kind: string;
  /** The actor: the same id as in a store. */
  readonly actorId: string;
  /** The actor's shard. */
  readonly shard: number;
  /** The epoch at which this node owns the shard. */
  readonly epoch: number;
  /** The request's command id, if it has one. */
  readonly commandId: string | undefined;
  /**
   * When nobody waits for the answer any more, in milliseconds of
   * `performance.now()`.
   */
  readonly deadline: number;
  /**
   * Aborted when this node must stop: it does not own the shard any more. What
   * is done later may overlap with what the next owner does.
   */
  readonly signal: AbortSignal;
  /** The trace context of the request, if it has one. */
  readonly trace: TraceContext | undefined;
  /** Whether this node owns the shard at this very moment, by its clocks. */
  isOwner(): boolean;
}

/**
 * Handles a request of an actor; what it returns is the reply. Payload and
 * reply are JSON or a Uint8Array, and copies even if the caller is on the same
 * node. What it throws reaches the caller as a `HandlerError`: name, message,
 * `code` and `data`, never the stack.
 *
 * @typeParam Payload What requests carry.
 * @typeParam Reply What they are answered with.
 */
export type Handler<Payload, Reply> = (
  context: HandlerContext,
  payload: Payload,
) => Reply | PromiseLike<Reply>;

/** The actors of a kind on one node, as a definition makes them. */
export interface HostedActors<Payload, Reply> {
  /** Handles their requests. */
  readonly handler: Handler<Payload, Reply>;
  /** How many are in memory. */
  readonly active: number;
  /** The node serves a shard no more: what is in memory of it can go. */
  released(shard: number): void;
  /** The node has left. */
  close(): void;
}

/**
 * A kind of actors that nodes host, such as {@linkcode eventSourced} makes.
 *
 * @typeParam Payload What requests carry.
 * @typeParam Reply What they are answered with.
 */
export interface ActorDefinition<Payload, Reply> {
  /** Makes the actors of one node. */
  open(): HostedActors<Payload, Reply>;
}

/** Options of {@linkcode ClusterManager.handle}. */
export interface HandleOptions {
  /**
   * Whether requests of one actor are handled one at a time, in the order in
   * which they come in. @default {true}
   */
  ordered?: boolean | undefined;
}

/** A handler as it is registered. */
export interface Registration {
  readonly handler: Handler<unknown, unknown>;
  readonly ordered: boolean;
}
