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
  readonly retries: number;
  readonly sources: EventSources;
}

/** What was decided. */
interface Decision<State, E> {
  readonly events: readonly E[];
  /** The state after them. */
  readonly state: State;
}

/** The execution of one command. */
export class Execution<State, Command, E extends AnyEvent> {
  readonly #parts: ExecutionParts<State, Command, E>;
  readonly #call: Call<Command>;
  #actor: ActorState<State>;
  /** Whether all that was stored before the call is in the actor's state. */
  #isFresh: boolean;
  #conflicts = 0;
  #lastConflict: unknown;

  private constructor(
    parts: ExecutionParts<State, Command, E>,
    call: Call<Command>,
    actor: ActorState<State>,
    isFresh: boolean,
  ) {
    this.#parts = parts;
    this.#call = call;
    this.#actor = actor;
    this.#isFresh = isFresh;
  }

  /** Executes a command on what is cached of its actor, if anything is. */
  static async run<State, Command, E extends AnyEvent>(
    parts: ExecutionParts<State, Command, E>,
    call: Call<Command>,
  ): Promise<Executed<State, E>> {
    const { actorId, signal } = call;
    const cached = parts.actors.cached(actorId);
    const actor = cached ?? await parts.actors.load(actorId, signal);
    const isFresh = cached === undefined;
    return await new Execution(parts, call, actor, isFresh).#run();
  }

  async #run(): Promise<Executed<State, E>> {
    for (;;) {
      const stored = await this.#findStored();
      if (stored !== undefined) return stored;
      if (!this.#isAsExpected()) {
        if (this.#isFresh) throw this.#expectationError();
        await this.#refresh();
        continue;
      }
      if (this.#conflicts > this.#parts.retries) throw this.#givingUp();
      const executed = await this.#attempt();
      if (executed !== undefined) return executed;
    }
  }

  /** Undefined if it has to be decided again, on what was read since. */
  async #attempt(): Promise<Executed<State, E> | undefined> {
    let decision: Decision<State, E>;
    try {
      decision = this.#decide();
    } catch (error) {
      if (await this.#isConfirmed()) throw error;
      return undefined;
    }
    if (decision.events.length > 0) return await this.#save(decision);
    return await this.#isConfirmed() ? this.#executed([], false) : undefined;
  }

  #decide(): Decision<State, E> {
    const { decider, actors, sources } = this.#parts;
    const { actorId, command } = this.#call;
    const { state, version } = this.#actor;
    const drafts = draftsOf(decider.decide(command, state));
    const call = this.#call;
    const events = makeEvents<E>(actorId, version, drafts, call, sources);
    if (events.length === 0) return { events, state };
    // Before they are stored: one that `evolve` can't take would stay for ever.
    return { events, state: actors.preview(this.#actor, events) };
  }

  /** Whether the state that was decided on is the newest, which no save checks. */
  async #isConfirmed(): Promise<boolean> {
    if (this.#isFresh) return true;
    const { version } = this.#actor;
    await this.#refresh();
    return this.#actor.version === version;
  }

  async #save(
    { events, state }: Decision<State, E>,
  ): Promise<Executed<State, E> | undefined> {
    const { actors } = this.#parts;
    const { actorId, commandId, signal } = this.#call;
    try {
      const { duplicate } = await this.#store(events);
      if (!duplicate || commandId === undefined) {
        this.#actor = actors.stored(actorId, this.#actor, events, state);
        return this.#executed(events, false);
      }
      // Another attempt at the command has stored the same.
    } catch (error) {
      actors.forget(actorId);
      const isConflict = error instanceof VersionConflictError ||
        (error instanceof DuplicateEventError && commandId !== undefined);
      if (!isConflict) throw error;
      this.#lastConflict = error;
      if (this.#conflicts++ > 0) await delay(backoff(this.#conflicts), signal);
    }
    await this.#refresh();
    return undefined;
  }

  #store(events: readonly E[]): Promise<{ readonly duplicate: boolean }> {
    const { store } = this.#parts;
    const { signal } = this.#call;
    const options = { expectedVersion: this.#actor.version, signal };
    const [first, ...others] = events;
    return others.length === 0
      ? store.saveEvent(first!, options)
      : store.saveEvents(events, options);
  }

  async #refresh(): Promise<void> {
    const { actors } = this.#parts;
    const { actorId, signal } = this.#call;
    this.#actor = await actors.refresh(actorId, this.#actor, signal);
    this.#isFresh = true;
    actors.keep(actorId, this.#actor);
  }

  /** What the command did, if an earlier call has stored its events. */
  async #findStored(): Promise<Executed<State, E> | undefined> {
    const { store, actors } = this.#parts;
    const { actorId, commandId, signal } = this.#call;
    if (commandId === undefined) return undefined;
    const range = this.#actor.commands.find(commandId);
    // An id that is taken may be that of a command long ago.
    const isTaken = this.#lastConflict instanceof DuplicateEventError;
    if (range === undefined && !isTaken) return undefined;
    const { version } = this.#actor;
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
