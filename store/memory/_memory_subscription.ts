/**
 * Subscriptions to an in-memory log.
 *
 * @module
 */

import { offAbort, onAbort } from "../../internal/aborts.ts";
import { actorMatcher } from "../../internal/nats/names.ts";
import { show } from "../../internal/show.ts";
import { formatCheckpoint, parseCheckpoint } from "../checkpoint.ts";
import { Iteration, type Reason, reasonOf } from "../../internal/iteration.ts";
import type { MemoryLog } from "./_event_log.ts";
import type { ResolvedSubscribe } from "../read_arguments.ts";
import { CheckpointError } from "../errors.ts";
import type { AnyEvent } from "../../event/event.ts";
import type {
  Checkpoint,
  EventSubscription,
  SubscribedEvent,
} from "../event_store.ts";

/** Reads the log by a cursor of its own; nothing is buffered for it. */
export class MemorySubscription<E extends AnyEvent>
  implements EventSubscription<E> {
  readonly #log: MemoryLog<E>;
  readonly #after: Checkpoint | undefined;
  readonly #matches: (event: E) => boolean;
  readonly #live: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #open: Set<MemorySubscription<E>>;
  /** The end of the log as of the start. */
  readonly #target: number;
  readonly #caughtUp = Promise.withResolvers<void>();
  readonly #iteration = new Iteration<SubscribedEvent<E>>();
  /** The last sequence delivered or left out. */
  #position = 0;
  /** The sequence of the next event to deliver; 0 when not known. */
  #next = 0;

  /** @param open Where it is kept until it ends. */
  constructor(
    log: MemoryLog<E>,
    { after, actors, eventTypes, live, signal }: ResolvedSubscribe,
    open: Set<MemorySubscription<E>>,
  ) {
    this.#log = log;
    this.#live = live;
    this.#signal = signal;
    this.#open = open;
    this.#target = log.lastSequence;
    const actorMatches = actors === ">" ? undefined : actorMatcher(actors);
    this.#matches = ({ actorId, eventType }) =>
      (eventTypes === undefined || eventTypes.has(eventType)) &&
      (actorMatches === undefined || actorMatches(actorId));
    // Nobody has to look at it.
    this.#caughtUp.promise.catch(() => {});
    try {
      this.#position = startOf(log, after);
    } catch (error) {
      this.#after = after;
      this.fail(error);
      return;
    }
    if (signal?.aborted) {
      this.fail(signal.reason);
      return;
    }
    open.add(this);
    onAbort(signal, this.#abortable);
    this.#advance();
  }

  get checkpoint(): Checkpoint | undefined {
    if (this.#after !== undefined) return this.#after;
    this.#advance();
    const passed = this.#next === 0 ? this.#position : this.#next - 1;
    return formatCheckpoint(this.#log.incarnation, passed);
  }

  get caughtUp(): Promise<void> {
    return this.#caughtUp.promise;
  }

  [Symbol.asyncIterator](): AsyncIterator<SubscribedEvent<E>, undefined> {
    return this.#iteration.begin(this.#take, () => this.close());
  }

  close(): Promise<void> {
    this.#end();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Ends it; what is iterated next is the reason. */
  fail(reason: unknown): void {
    this.#end({ reason });
  }

  readonly #abortable = { aborted: () => this.fail(this.#signal?.reason) };

  readonly #wake = (): void => {
    // What the filter leaves out behind an event is passed with it.
    while (this.#advance() && this.#iteration.waits) {
      this.#iteration.give(this.#deliver());
    }
    if (this.#iteration.waits) this.#log.wait(this.#wake);
  };

  readonly #take = (): SubscribedEvent<E> | undefined => {
    if (!this.#advance()) {
      if (!this.#iteration.ended) this.#log.wait(this.#wake);
      return undefined;
    }
    const next = this.#deliver();
    this.#advance();
    return next;
  };

  #deliver(): SubscribedEvent<E> {
    const sequence = this.#position = this.#next;
    this.#next = 0;
    const subscribed = {
      event: this.#log.at(sequence),
      sequence,
      checkpoint: formatCheckpoint(this.#log.incarnation, sequence),
    };
    const trace = this.#log.traceAt(sequence);
    return trace === undefined ? subscribed : { ...subscribed, trace };
  }

  /** Goes on to the next event to deliver, if there is one yet. */
  #advance(): boolean {
    if (this.#iteration.ended) return false;
    if (this.#next !== 0) return true;
    const end = this.#live ? this.#log.lastSequence : this.#target;
    let sequence = this.#position + 1;
    while (sequence <= end && !this.#matches(this.#log.at(sequence))) {
      sequence++;
    }
    this.#position = sequence - 1;
    if (sequence > this.#target) this.#caughtUp.resolve();
    if (sequence <= end) {
      this.#next = sequence;
      return true;
    }
    if (!this.#live) this.#end();
    return false;
  }

  #end(failure?: Reason): void {
    if (this.#iteration.ended) return;
    this.#iteration.end(failure);
    offAbort(this.#signal, this.#abortable);
    this.#log.unwait(this.#wake);
    this.#caughtUp.reject(reasonOf(failure));
    this.#open.delete(this);
  }
}

/** The sequence a subscription begins after. */
function startOf(
  log: MemoryLog<AnyEvent>,
  after: Checkpoint | "end" | undefined,
): number {
  if (after === undefined) return 0;
  if (after === "end") return log.lastSequence;
  const { incarnation, sequence } = parseCheckpoint(after);
  if (incarnation !== log.incarnation) {
    throw new CheckpointError(
      `Cannot subscribe: checkpoint ${
        show(after)
      } is of another store; read this one from the beginning`,
      "other-stream",
      after,
    );
  }
  if (sequence > log.lastSequence) {
    throw new CheckpointError(
      `Cannot subscribe: checkpoint ${
        show(after)
      } lies beyond the end of the stream, ${log.lastSequence}; read from the beginning`,
      "beyond-end",
      after,
    );
  }
  return sequence;
}
