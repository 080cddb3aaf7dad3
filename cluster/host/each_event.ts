/**
 * Handling every event of a store, each on the node that owns its actor.
 *
 * @module
 */

import { type EventFilter, resolveFilter } from "../../event/filters.ts";
import type { AnyEvent, EventOfType } from "../../event/event.ts";
import {
  badType,
  checkFunction,
  checkInteger,
  type OptionNames,
  optionsOf,
} from "../../internal/arguments.ts";
import { parseCheckpoint } from "../../store/checkpoint.ts";
import { CheckpointError } from "../../store/errors.ts";
import type {
  Checkpoint,
  ReadableEventStore,
  ReplayErrorHandler,
} from "../../store/event_store.ts";
import type { ShardCheckpoints, ShardWork } from "../requests/shard_work.ts";
import type { EachEventHandler } from "./event_handling.ts";
import { EventWork } from "./_event_work.ts";

/**
 * Options of {@linkcode eachEvent}: a filter, and these.
 *
 * @typeParam Type The event types its filter may name.
 */
export interface EachEventOptions<Type extends string = string>
  extends Omit<EventFilter<Type>, "partition"> {
  /**
   * Where a shard begins that has no checkpoint yet: after a checkpoint, or
   * with the first event that was stored later than a time. Let it be the same
   * on every node, and after a restart: the time at which a reaction was first
   * deployed leaves out what was stored before. @default the beginning
   */
  after?: Checkpoint | Date | undefined;
  /**
   * Where the checkpoint of each shard is kept.
   * @default the cluster's bucket
   */
  checkpoints?: ShardCheckpoints | undefined;
  /**
   * How often checkpoints are saved, in milliseconds: 1 or more. What was
   * handled since comes again when a node is killed. @default {5_000}
   */
  checkpointEvery?: number | undefined;
  /**
   * How many events a node handles at a time, each of another shard: 1 or more.
   * @default {64}
   */
  concurrency?: number | undefined;
  /**
   * Called with every stored message that is no event. Return `"continue"` to
   * skip it; otherwise it is passed to `onError` of the `ClusterManager`, and the
   * shards wait in front of it.
   */
  onReplayError?: ReplayErrorHandler | undefined;
}

const NAMES: OptionNames<EachEventOptions> = {
  actors: true,
  actorIds: true,
  eventTypes: true,
  after: true,
  checkpoints: true,
  checkpointEvery: true,
  concurrency: true,
  onReplayError: true,
};

/**
 * Handles every event of a store, for `ClusterManager.forOwnedShards`: what
 * projections and reactions are made of. Each event is handed to the node that
 * owns its actor's shard, and to no other.
 *
 * - Events of one shard come one after the other, in stream order; those of
 *   different shards at the same time.
 * - Each comes at least once: events since the last checkpoint come again after
 *   a crash. Handle them so that it does no harm, or store `checkpoint` with
 *   what you write and give it back in `checkpoints`.
 * - A handler that throws is told to the `onError` of the `ClusterManager`, and
 *   the event comes again after 100 milliseconds, then 200, up to 30 seconds.
 *   Its shard waits; the others go on. Without `onError` nobody hears of it.
 * - A shard waits in the same way if its checkpoint is of another stream, beyond
 *   the end, or before what has expired: nothing is skipped.
 *
 * A node reads the stream once for all its shards; for a while once more where
 * a shard that it was given is far behind.
 *
 * @example Keep balances up to date
 * ```ts
 * import { type Event, InMemoryEventStore } from "@flowmade-one/aether";
 * import { ClusterManager, eachEvent } from "@flowmade-one/aether/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * type Deposited = Event<"Deposited", { amount: number }>;
 *
 * await using store = new InMemoryEventStore<Deposited>();
 * await using cluster = ClusterManager.local({
 *   shards: 8,
 *   onError: console.error,
 * });
 * const balances = new Map<string, number>();
 * const handled = Promise.withResolvers<void>();
 * cluster.forOwnedShards(
 *   "balances",
 *   eachEvent(store, ({ event: { actorId, data } }) => {
 *     balances.set(actorId, (balances.get(actorId) ?? 0) + data.amount);
 *     handled.resolve();
 *   }),
 * );
 * await cluster.start();
 *
 * await store.append("account-7", [
 *   { eventType: "Deposited", data: { amount: 10 } },
 * ]);
 * await handled.promise;
 * assertEquals(balances.get("account-7"), 10);
 * ```
 *
 * @typeParam E The events of the store.
 * @typeParam Type The event types that are filtered by, which narrows `E`.
 * @throws {TypeError | RangeError} If an argument is not valid.
 * @throws {CheckpointError} If `after` is a text that is no checkpoint.
 */
export function eachEvent<
  E extends AnyEvent,
  Type extends E["eventType"] = E["eventType"],
>(
  store: ReadableEventStore<E>,
  handler: EachEventHandler<EventOfType<E, Type>>,
  options?: EachEventOptions<Type>,
): ShardWork {
  const action = "handle each event";
  if (typeof handler !== "function") {
    throw badType(action, "handler", "a function", handler);
  }
  const {
    after,
    checkpoints,
    checkpointEvery = 5_000,
    concurrency = 64,
    onReplayError,
    ...filter
  } = checkedOptions(options, action);
  resolveFilter(filter, action);
  checkInteger(checkpointEvery, action, "checkpointEvery", 1, 2 ** 31 - 1);
  checkInteger(concurrency, action, "concurrency", 1);
  checkFunction(onReplayError, action, "onReplayError");
  if (typeof after === "string") checkCheckpoint(after, action);
  else if (after !== undefined && !(after instanceof Date)) {
    throw badType(action, "after", "a checkpoint or a Date", after);
  }
  if (checkpoints !== undefined) {
    const { load, save, isLost } = Object(checkpoints);
    if (typeof load !== "function") {
      throw badType(action, "checkpoints.load", "a function", load);
    }
    checkFunction(save, action, "checkpoints.save");
    checkFunction(isLost, action, "checkpoints.isLost");
  }
  const settings = { after, checkpointEvery, concurrency };
  const subscribing = { ...filter, onReplayError };
  return {
    open: (node) =>
      new EventWork<EventOfType<E, Type>>(node, {
        ...settings,
        checkpoints: checkpoints ?? node.checkpoints,
        handler,
        subscribe: (from) => store.subscribe<Type>({ ...subscribing, ...from }),
      }),
  };
}

/** The options, unless one has a name that there is not. */
function checkedOptions<Type extends string>(
  options: EachEventOptions<Type> | undefined,
  action: string,
): EachEventOptions<Type> {
  if (Object.hasOwn(Object(options), "onError")) {
    throw new TypeError(
      `Cannot ${action}: there is no option "onError"; give onError to the ClusterManager`,
    );
  }
  return optionsOf(
    options,
    NAMES as OptionNames<EachEventOptions<Type>>,
    action,
  );
}

function checkCheckpoint(after: string, action: string): void {
  if (after !== "end") parseCheckpoint(after, action);
  else {
    throw new CheckpointError(
      `Cannot ${action}: "end" is not a checkpoint; to leave out what is stored already, give a time such as new Date(), the same on every node`,
      "malformed",
      after,
    );
  }
}
