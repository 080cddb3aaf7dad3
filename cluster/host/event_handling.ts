/**
 * How events are handled by shard.
 *
 * @module
 */

import type { AnyEvent, Event } from "../../event/event.ts";
import type {
  EventSubscription,
  StoredEvent,
} from "../../store/event_store.ts";
import type { ShardCheckpoints } from "../requests/shard_work.ts";

/** What a handler of {@linkcode eachEvent} knows beside the event. */
export interface EachEventContext {
  /** The shard of the event's actor. */
  readonly shard: number;
  /** The epoch at which this node owns the shard. */
  readonly epoch: number;
  /** 1 the first time; more after the handler has failed with the event. */
  readonly attempt: number;
  /**
   * Aborted when this node must stop: it does not own the shard any more. What
   * is done later may overlap with what the next owner does.
   */
  readonly signal: AbortSignal;
  /** Whether this node owns the shard at this very moment, by its clocks. */
  isOwner(): boolean;
}

/**
 * Handles an event. It is done with it when this has settled; if it throws, the
 * event comes again.
 *
 * @typeParam E The events.
 */
export type EachEventHandler<E extends AnyEvent = Event> = (
  stored: StoredEvent<E>,
  context: EachEventContext,
) => void | PromiseLike<void>;

/** Where a subscription begins, and for which actors. */
export interface SubscribeFrom {
  readonly after?: string | Date | undefined;
  readonly partition?: { count: number; indexes: readonly number[] };
  readonly live?: boolean;
}

/** How events are read and handled. */
export interface EventWorkOptions<E extends AnyEvent> {
  readonly after: string | Date | undefined;
  readonly checkpoints: ShardCheckpoints;
  readonly checkpointEvery: number;
  readonly concurrency: number;
  readonly handler: EachEventHandler<E>;
  readonly subscribe: (from: SubscribeFrom) => EventSubscription<E>;
}
