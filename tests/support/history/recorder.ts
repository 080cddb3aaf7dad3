/**
 * An event store whose calls are all written down.
 *
 * @module
 */

import {
  DuplicateEventError,
  SaveOutcomeUnknownError,
  VersionConflictError,
} from "../../../store/errors.ts";
import type { AnyEvent, Event } from "../../../event/event.ts";
import type { Consistency, EventStore } from "../../../store/event_store.ts";
import { now, type RecordSink } from "./history_log.ts";
import {
  type ActorVersion,
  type Call,
  type EventRef,
  fingerprint,
  type Outcome,
  type ReadCall,
  type SaveOutcome,
} from "./records.ts";
import { RecordedSubscription } from "./recorded_subscription.ts";

/** Bounds of a read, as records have them. */
export type ReadBounds = Omit<ReadCall, "name" | "actor" | "consistency">;

/**
 * Calls a store and writes down what it is asked and what comes of it. Nothing
 * here throws for what the store throws: it is an outcome.
 */
export class RecordedStore {
  /** The store instance, as records call it. */
  readonly name: string;
  readonly #store: EventStore;
  readonly #sink: RecordSink;
  #ops = 0;
  #saving = 0;

  /** @param name Unique in the history. */
  constructor(store: EventStore, sink: RecordSink, name: string) {
    this.#store = store;
    this.#sink = sink;
    this.name = name;
  }

  /** How many saves are under way. */
  get saving(): number {
    return this.#saving;
  }

  /** Calls `saveEvent`. */
  async saveEvent(
    event: Event,
    { expectedVersion, signal }: {
      expectedVersion?: number | undefined;
      signal?: AbortSignal | undefined;
    } = {},
  ): Promise<SaveOutcome> {
    const expected: ActorVersion[] = expectedVersion === undefined
      ? []
      : [[event.actorId, expectedVersion]];
    const call = {
      name: "saveEvent",
      events: [refOf(event)],
      expected,
    } as const;
    return await this.#save(call, async () => {
      const { version, sequence, duplicate } = await this.#store.saveEvent(
        event,
        { expectedVersion, signal },
      );
      const versions = [[event.actorId, version]] as const;
      return { is: "success", versions, sequence, duplicate };
    });
  }

  /** Calls `saveEvents`. */
  async saveEvents(
    events: readonly Event[],
    expectedVersions: ReadonlyMap<string, number> = new Map(),
    signal?: AbortSignal,
  ): Promise<SaveOutcome> {
    const expected = [...expectedVersions];
    const refs = events.map(refOf);
    const call = { name: "saveEvents", events: refs, expected } as const;
    return await this.#save(call, async () => {
      const { versions, sequence, duplicate } = await this.#store.saveEvents(
        events,
        { expectedVersions, signal },
      );
      return { is: "success", versions: [...versions], sequence, duplicate };
    });
  }

  /** Calls `getEvents`, or `readEvents` if bounds ask for more than that. */
  async read(
    actor: string,
    consistency: Consistency,
    bounds: ReadBounds = {},
    signal?: AbortSignal,
  ): Promise<Outcome> {
    const { from, to, limit, backward } = bounds;
    const call = { name: "read", actor, consistency, ...bounds } as const;
    return await this.#record(call, async () => {
      let events: AnyEvent[];
      if (to === undefined && limit === undefined && !backward) {
        const options = { fromVersion: from, consistency, signal };
        events = await this.#store.getEvents(actor, options);
      } else {
        const direction = backward ? "backward" : "forward";
        events = await Array.fromAsync(
          this.#store.readEvents(actor, {
            consistency,
            fromVersion: from,
            toVersion: to,
            limit,
            direction,
            signal,
          }),
        );
      }
      return eventsOutcome(events);
    });
  }

  /** Calls `getLatestVersion`. */
  async latest(actor: string, consistency: Consistency): Promise<Outcome> {
    const call = { name: "getLatestVersion", actor, consistency } as const;
    return await this.#record(call, async () => ({
      is: "version",
      version: await this.#store.getLatestVersion(actor, { consistency }),
    }));
  }

  /** Calls `getLatestVersions`, which counts as a call for each actor. */
  async latestOf(
    actors: readonly string[],
    consistency: Consistency,
  ): Promise<Outcome[]> {
    const ops = actors.map((actor) =>
      this.#begin({ name: "getLatestVersion", actor, consistency })
    );
    let outcomes: Outcome[];
    try {
      const found = await this.#store.getLatestVersions(actors, {
        consistency,
      });
      outcomes = actors.map((actor) => ({
        is: "version",
        version: found.get(actor)!,
      }));
    } catch (error) {
      const outcome = outcomeOf(error);
      outcomes = actors.map(() => outcome);
    }
    const at = now();
    for (const [i, op] of ops.entries()) {
      this.#sink.write({ kind: "complete", op, at, outcome: outcomes[i]! });
    }
    return outcomes;
  }

  /** Calls `getEventsWithErrors`; an error in the history is one here. */
  async readWithErrors(
    actor: string,
    consistency: Consistency,
    { from }: Pick<ReadBounds, "from"> = {},
  ): Promise<Outcome> {
    const call = { name: "read", actor, consistency, from } as const;
    return await this.#record(call, async () => {
      const { events, errors } = await this.#store.getEventsWithErrors(
        actor,
        { fromVersion: from, consistency },
      );
      const [error] = errors;
      if (error !== undefined) throw error;
      return eventsOutcome(events);
    });
  }

  /**
   * Calls `subscribe`, and takes what comes until it is closed.
   *
   * @param after A sequence, with the checkpoint that stands for it.
   */
  subscribe(
    { actors, eventTypes, live = true, after }: {
      actors?: string | undefined;
      eventTypes?: readonly string[] | undefined;
      live?: boolean | undefined;
      after?: "end" | { sequence: number; checkpoint: string } | undefined;
    } = {},
  ): RecordedSubscription {
    const op = this.#begin({
      name: "subscribe",
      after: typeof after === "object" ? after.sequence : after ?? 0,
      ...(actors && { actors }),
      ...(eventTypes && { types: eventTypes }),
      live,
    });
    const subscription = this.#store.subscribe({
      actors,
      eventTypes,
      live,
      after: typeof after === "object" ? after.checkpoint : after,
    });
    return new RecordedSubscription(subscription, this.#sink, op);
  }

  async #save(
    call: Call,
    run: () => Promise<SaveOutcome>,
  ): Promise<SaveOutcome> {
    this.#saving++;
    const outcome = await this.#record(call, run);
    this.#saving--;
    return outcome as SaveOutcome;
  }

  async #record(call: Call, run: () => Promise<Outcome>): Promise<Outcome> {
    const op = this.#begin(call);
    if (this.#sink.flushed) await this.#sink.flushed();
    let outcome: Outcome;
    try {
      outcome = await run();
    } catch (error) {
      outcome = outcomeOf(error);
    }
    this.#sink.write({ kind: "complete", op, at: now(), outcome });
    return outcome;
  }

  #begin(call: Call): string {
    const op = `${this.name}#${++this.#ops}`;
    const store = this.name;
    this.#sink.write({ kind: "invoke", op, store, at: now(), call });
    return op;
  }
}

/** What a rejection says. */
export function outcomeOf(error: unknown): SaveOutcome {
  if (error instanceof VersionConflictError) {
    const { actorId, attemptedVersion, currentVersion } = error;
    return {
      is: "conflict",
      actor: actorId,
      attempted: attemptedVersion,
      current: currentVersion,
    };
  }
  if (error instanceof DuplicateEventError) {
    return { is: "duplicate-id", id: error.eventId };
  }
  const { name, message } = error instanceof Error
    ? error
    : { name: "unknown", message: String(error) };
  return error instanceof SaveOutcomeUnknownError
    ? { is: "unknown", message }
    : { is: "error", name, message };
}

function eventsOutcome(events: readonly AnyEvent[]): Outcome {
  return {
    is: "events",
    versions: events.map(({ version }) => version),
    prints: events.map(fingerprint),
  };
}

function refOf(event: Event): EventRef {
  const { id, actorId: actor, version } = event;
  return { id, actor, version, print: fingerprint(event) };
}
