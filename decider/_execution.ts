/**
 * One command: load, decide, save, and again.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import type { EventSources } from "../event/event_sources.ts";
import { backoff, delay } from "../internal/waiting.ts";
import { DuplicateEventError, VersionConflictError } from "../store/errors.ts";
import type { EventStore } from "../store/event_store.ts";
import type { ActorState } from "./_actor_state.ts";
import type { ActorStates } from "./_actor_states.ts";
import { eventsOfCommand, readHistory } from "./_history.ts";
import { type CommandFacts, makeEvents } from "./_made_events.ts";
import type { Turns } from "./_turns.ts";
import type { Executed } from "./command_handler.ts";
import { type Decider, draftsOf } from "./decider.ts";
import { TooManyConflictsError } from "./errors.ts";

/** A command to execute, its options checked. */
export interface Call<Command> extends CommandFacts {
  readonly actorId: string;
  readonly command: Command;
  readonly expectedVersion: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a command is executed with. */
export interface ExecutionParts<State, Command, E extends AnyEvent> {
  readonly store: EventStore<E>;
  readonly decider: Decider<State, Command, E>;
  readonly actors: ActorStates<State, E>;
  readonly turns: Turns;
  readonly retries: number;
  readonly sources: EventSources;
}

/** What was decided: events, or to refuse the command. */
type Decision<State, E> =
  | { readonly events: readonly E[]; readonly state: State }
  | { readonly refusal: unknown };

/** The execution of one command. */
export class Execution<State, Command, E extends AnyEvent> {
  readonly #parts: ExecutionParts<State, Command, E>;
  readonly #call: Call<Command>;
  #actor!: ActorState<State>;
  /** Whether all that was stored before the call is in the actor's state. */
  #isFresh = false;
  #conflicts = 0;
  #lastConflict: unknown;

  constructor(
    parts: ExecutionParts<State, Command, E>,
    call: Call<Command>,
  ) {
    this.#parts = parts;
    this.#call = call;
  }

  /** Executes it, when it is its turn. */
  // In one function as far as it goes well: while a save is under way, the
  // frames above it are most of the memory that a command takes.
  async run(): Promise<Executed<State, E>> {
    const { actors, turns, retries } = this.#parts;
    const { actorId, commandId, signal } = this.#call;
    const turn = turns.begin(actorId, signal);
    if (turn !== undefined) await turn;
    try {
      const cached = actors.cached(actorId);
      this.#isFresh = cached === undefined;
      this.#actor = cached ?? await actors.load(actorId, signal);
      for (;;) {
        if (this.#mayBeStored()) return await this.#findStored();
        if (!this.#isAsExpected()) {
          if (this.#isFresh) throw this.#expectationError();
          await this.#refresh();
          continue;
        }
        if (this.#conflicts > retries) throw this.#givingUp();
        const decision = this.#decide();
        if (!("events" in decision) || decision.events.length === 0) {
          if (!await this.#isConfirmed()) continue;
          if ("refusal" in decision) throw decision.refusal;
          return this.#executed([], false);
        }
        const { events, state } = decision;
        let duplicate: boolean;
        try {
          ({ duplicate } = await this.#store(events));
        } catch (error) {
          await this.#settleConflict(error);
          continue;
        }
        if (!duplicate || commandId === undefined) {
          this.#actor = actors.stored(actorId, this.#actor, events, state);
          return this.#executed(events, false);
        }
        // Another attempt at the command has stored the same.
        await this.#refresh();
      }
    } finally {
      turns.end(actorId);
    }
  }

  #decide(): Decision<State, E> {
    const { decider, actors, sources } = this.#parts;
    const { actorId, command } = this.#call;
    const { state, version } = this.#actor;
    let events: E[];
    try {
      const decided = decider.decide(command, state);
      const drafts = draftsOf(decided, "execute command");
      events = makeEvents(actorId, version, drafts, this.#call, sources);
      if (events.length === 0) return { events, state };
      // Before they are stored: one that `evolve` can't take would stay.
      return { events, state: actors.preview(this.#actor, events) };
    } catch (refusal) {
      return { refusal };
    }
  }

  /** Whether the state that was decided on is the newest, which no save checks. */
  async #isConfirmed(): Promise<boolean> {
    if (this.#isFresh) {
      this.#parts.actors.keep(this.#call.actorId, this.#actor);
      return true;
    }
    const { version } = this.#actor;
    await this.#refresh();
    return this.#actor.version === version;
  }

  /**
   * Reads what is new when others were faster.
   *
   * @throws What a save failed with, if it is something else.
   */
  async #settleConflict(error: unknown): Promise<void> {
    const { commandId, signal } = this.#call;
    const isConflict = error instanceof VersionConflictError ||
      (error instanceof DuplicateEventError && commandId !== undefined);
    if (!isConflict) throw error;
    this.#lastConflict = error;
    if (this.#conflicts++ > 0) await delay(backoff(this.#conflicts), signal);
    await this.#refresh();
  }

  #store(events: readonly E[]): Promise<{ readonly duplicate: boolean }> {
    const { store } = this.#parts;
    const { commandId, signal } = this.#call;
    const options = { expectedVersion: this.#actor.version, signal };
    const [first, ...others] = events;
    if (others.length === 0) return store.saveEvent(first!, options);
    // Of another decision of the same command the rest would be added.
    const allNew = commandId !== undefined;
    return store.saveEvents(events, { ...options, allNew });
  }

  async #refresh(): Promise<void> {
    const { actors } = this.#parts;
    const { actorId, signal } = this.#call;
    this.#actor = await actors.refresh(actorId, this.#actor, signal);
    this.#isFresh = true;
    actors.keep(actorId, this.#actor);
  }

  /** Whether an earlier call seems to have stored the command's events. */
  #mayBeStored(): boolean {
    const { commandId } = this.#call;
    if (commandId === undefined) return false;
    // An id that is taken may be that of a command long ago.
    return this.#lastConflict instanceof DuplicateEventError ||
      this.#actor.commands.find(commandId) !== undefined;
  }

  /**
   * What the command did when an earlier call has stored its events.
   *
   * @throws {DuplicateEventError} If none has: an id is another event's.
   */
  async #findStored(): Promise<Executed<State, E>> {
    const { store, actors } = this.#parts;
    const { actorId, signal } = this.#call;
    const commandId = this.#call.commandId!;
    const { version, commands } = this.#actor;
    const range = commands.find(commandId);
    const fromVersion = Math.min(range?.fromVersion ?? 0, version + 1);
    const tail = await readHistory(store, actorId, fromVersion, signal);
    const events = eventsOfCommand(tail, commandId);
    if (range === undefined && events.length === 0) throw this.#lastConflict;
    this.#actor = actors.catchUp(this.#actor, tail);
    actors.keep(actorId, this.#actor);
    return this.#executed(events, true, range?.toVersion);
  }

  #isAsExpected(): boolean {
    const { expectedVersion } = this.#call;
    return expectedVersion === undefined ||
      expectedVersion === this.#actor.version;
  }

  #expectationError(): VersionConflictError {
    const { actorId, expectedVersion } = this.#call;
    return new VersionConflictError({
      actorId,
      attemptedVersion: expectedVersion! + 1,
      currentVersion: this.#actor.version,
      expectedVersion,
      action: "execute command",
    });
  }

  #givingUp(): TooManyConflictsError {
    return new TooManyConflictsError([this.#call.actorId], this.#conflicts, {
      cause: this.#lastConflict,
    });
  }

  #executed(
    events: readonly E[],
    duplicate: boolean,
    version: number = events.at(-1)?.version ?? this.#actor.version,
  ): Executed<State, E> {
    const { state } = this.#actor;
    const attempts = this.#conflicts + 1;
    return { state, version, events, duplicate, attempts };
  }
}
