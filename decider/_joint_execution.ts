/**
 * One command over several actors: load, decide, save, and again.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import type { EventSources } from "../event/event_sources.ts";
import { badType } from "../internal/arguments.ts";
import { backoff, delay } from "../internal/waiting.ts";
import { DuplicateEventError, VersionConflictError } from "../store/errors.ts";
import type { EventStore } from "../store/event_store.ts";
import type { ActorState } from "./_actor_state.ts";
import { ActorStates } from "./_actor_states.ts";
import { eventsOfCommand, readHistory } from "./_history.ts";
import { type CommandFacts, makeEvents } from "./_made_events.ts";
import {
  type Decided,
  type Decider,
  draftsOf,
  refusePromise,
} from "./decider.ts";
import { TooManyConflictsError } from "./errors.ts";

/** An actor that is decided on, with its name in the decision. */
export interface Part {
  readonly name: string;
  readonly decider: Decider<unknown, never, AnyEvent>;
  readonly actorId: string;
}

/** How a joint decision is executed, checked. */
export interface JointCall extends CommandFacts {
  readonly sources: EventSources;
  readonly retries: number;
  readonly signal: AbortSignal | undefined;
}

/** What was done to one part. */
interface PartOutcome {
  readonly state: unknown;
  readonly version: number;
  readonly events: readonly AnyEvent[];
}

/** What was done to all parts, by their names. */
interface JointOutcome {
  readonly parts: Readonly<Record<string, PartOutcome>>;
  readonly duplicate: boolean;
  readonly attempts: number;
}

/** One of the actors, as it was last read. */
class JointActor {
  readonly name: string;
  readonly actorId: string;
  readonly #store: EventStore<AnyEvent>;
  readonly #states: ActorStates<unknown, AnyEvent>;
  #actor: ActorState<unknown> | undefined;

  constructor(store: EventStore<AnyEvent>, { name, actorId, decider }: Part) {
    this.name = name;
    this.actorId = actorId;
    this.#store = store;
    this.#states = new ActorStates(store, decider, {
      cachedActors: 0,
      rememberedCommands: Infinity,
    });
  }

  /** As it was last read. */
  get last(): ActorState<unknown> {
    return this.#actor!;
  }

  /** Reads what is new; returns whether anything is. */
  async refresh(signal: AbortSignal | undefined): Promise<boolean> {
    const known = this.#actor;
    this.#actor = known === undefined
      ? await this.#states.load(this.actorId, signal)
      : await this.#states.refresh(this.actorId, known, signal);
    return this.#actor.version !== known?.version;
  }

  /** The events of a command that has been executed. */
  async eventsOf(
    commandId: string,
    signal: AbortSignal | undefined,
  ): Promise<AnyEvent[]> {
    const range = this.last.commands.find(commandId);
    if (range === undefined) return [];
    const { fromVersion } = range;
    const { actorId } = this;
    const tail = await readHistory(this.#store, actorId, fromVersion, signal);
    return eventsOfCommand(tail, commandId);
  }

  /** The events that drafts make, and the state after them. */
  decide(decided: Decided<AnyEvent>, call: JointCall): PartOutcome {
    const { version } = this.last;
    const action = `decide together: part ${this.name}`;
    const drafts = decided === undefined ? [] : draftsOf(decided, action);
    if (drafts.length === 0) {
      throw new TypeError(
        `Cannot decide together: nothing was decided for part ${this.name}; a part that is only read is guarded by nothing`,
      );
    }
    const events = makeEvents(
      this.actorId,
      version,
      drafts,
      call,
      call.sources,
    );
    return {
      state: this.#states.preview(this.last, events),
      version: version + events.length,
      events,
    };
  }
}

/** The execution of one command over several actors. */
export class JointExecution {
  readonly #store: EventStore<AnyEvent>;
  readonly #actors: readonly JointActor[];
  readonly #decide: (
    states: Record<string, unknown>,
  ) => Record<string, unknown>;
  readonly #call: JointCall;
  #conflicts = 0;
  #lastConflict: unknown;

  constructor(
    store: EventStore<AnyEvent>,
    parts: readonly Part[],
    decide: (states: Record<string, unknown>) => Record<string, unknown>,
    call: JointCall,
  ) {
    this.#store = store;
    this.#actors = parts.map((part) => new JointActor(store, part));
    this.#decide = decide;
    this.#call = call;
  }

  /** Executes it, once. */
  async run(): Promise<JointOutcome> {
    await this.#refresh();
    for (;;) {
      const stored = await this.#findStored();
      if (stored !== undefined) return this.#outcome(stored, true);
      if (this.#conflicts > this.#call.retries) throw this.#givingUp();
      const decided = await this.#decideAll();
      if (decided !== undefined && await this.#save(decided)) {
        return this.#outcome(decided, false);
      }
    }
  }

  /** Undefined if the parts were never all at the states it was refused on. */
  async #decideAll(): Promise<PartOutcome[] | undefined> {
    const states = this.#actors.map(({ name, last }) => [name, last.state]);
    let decided: Record<string, unknown>;
    try {
      decided = this.#decide(Object.fromEntries(states));
    } catch (error) {
      // Each part was read at another time. If none has moved on since, all
      // were so at the end of the last read.
      if (await this.#refresh()) return undefined;
      throw error;
    }
    refusePromise(decided, "decide together");
    if (typeof decided !== "object" || decided === null) {
      const must = "an object with the drafts of each part";
      throw badType("decide together", "what decide returns", must, decided);
    }
    // Of several the first is refused below; the others must not end the program.
    for (const each of Object.values(decided)) {
      if (each instanceof Promise) each.catch(() => {});
    }
    return this.#actors.map((actor) =>
      actor.decide(decided[actor.name] as Decided<AnyEvent>, this.#call)
    );
  }

  /** Whether it is stored; if not, what is new was read. */
  async #save(decided: readonly PartOutcome[]): Promise<boolean> {
    const { commandId, signal } = this.#call;
    const expectedVersions = new Map(
      this.#actors.map(({ actorId, last }) => [actorId, last.version]),
    );
    try {
      const { duplicate } = await this.#store.saveEvents(
        decided.flatMap(({ events }) => events),
        { expectedVersions, allNew: commandId !== undefined, signal },
      );
      if (!duplicate || commandId === undefined) return true;
      // Another attempt at the command has stored the same.
    } catch (error) {
      const isConflict = error instanceof VersionConflictError ||
        (error instanceof DuplicateEventError && commandId !== undefined);
      if (!isConflict) throw error;
      this.#lastConflict = error;
      if (this.#conflicts++ > 0) await delay(backoff(this.#conflicts), signal);
    }
    await this.#refresh();
    return false;
  }

  /** Reads what is new of each actor; returns whether anything is. */
  async #refresh(): Promise<boolean> {
    const { signal } = this.#call;
    const moved = await Promise.all(
      this.#actors.map((actor) => actor.refresh(signal)),
    );
    return moved.includes(true);
  }

  /** What the command did, if an earlier call has stored its events. */
  async #findStored(): Promise<PartOutcome[] | undefined> {
    const { commandId, signal } = this.#call;
    if (commandId === undefined) return undefined;
    const isStored = this.#actors.some(({ last }) =>
      last.commands.find(commandId) !== undefined
    );
    if (!isStored) {
      if (this.#lastConflict instanceof DuplicateEventError) {
        throw this.#lastConflict;
      }
      return undefined;
    }
    // Those that were read before it was stored don't know of it yet.
    await this.#refresh();
    return await Promise.all(this.#actors.map(async (actor) => {
      const events = await actor.eventsOf(commandId, signal);
      const { state, version } = actor.last;
      return { state, version: events.at(-1)?.version ?? version, events };
    }));
  }

  #outcome(decided: readonly PartOutcome[], duplicate: boolean): JointOutcome {
    const parts = this.#actors.map(({ name }, i) => [name, decided[i]!]);
    const attempts = this.#conflicts + 1;
    return { parts: Object.fromEntries(parts), duplicate, attempts };
  }

  #givingUp(): TooManyConflictsError {
    const actorIds = this.#actors.map(({ actorId }) => actorId);
    return new TooManyConflictsError(actorIds, this.#conflicts, {
      cause: this.#lastConflict,
    });
  }
}
