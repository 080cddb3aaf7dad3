/**
 * The contract of command handlers.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import type { CreateEventOptions } from "../event/event_sources.ts";

/** Options of {@linkcode commandHandler}. */
export interface CommandHandlerOptions extends CreateEventOptions {
  /**
   * How often a command is decided again when others were faster; 0 or more.
   * @default {10}
   */
  readonly retries?: number | undefined;
  /**
   * The most actors whose states are kept in memory, those used last; 0 or
   * more. @default {10_000}
   */
  readonly cachedActors?: number | undefined;
  /**
   * The most command ids remembered of each actor, of those that stored
   * something; 0 or more. @default {64}
   */
  readonly rememberedCommands?: number | undefined;
  /** Keeps snapshots of actors. @default none */
  readonly snapshots?: SnapshotOptions | undefined;
}

/**
 * How snapshots are kept, so that an actor is loaded without reading all of
 * its events. They are taken behind saves, which don't wait for them. A state
 * must be JSON: what it is not fails the command that a snapshot is due with,
 * before anything is stored.
 */
export interface SnapshotOptions {
  /** After how many versions of an actor one is taken; 1 or more. */
  readonly every: number;
  /**
   * What the state is made of, such as `"1"`: at least one character. Name
   * another one when `evolve` makes other states of the same events: snapshots
   * of the old kind are ignored then.
   */
  readonly schema: string;
  /** Told why a snapshot could not be kept. Another one is taken in time. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Options of {@linkcode CommandHandler.execute}. */
export interface ExecuteOptions {
  /**
   * Names the command, so that sending it again does nothing again: the actor
   * remembers it among its last `rememberedCommands` commands that stored
   * something.
   */
  readonly commandId?: string | undefined;
  /**
   * The version the actor must be at: exactly this one, 0 for an actor without
   * events. Where it does not hold the command fails at once.
   */
  readonly expectedVersion?: number | undefined;
  /** Metadata of all events of the command; a draft's own wins. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /**
   * Gives up. The command fails with the signal's reason, or, if its events
   * were sent already, with a {@linkcode SaveOutcomeUnknownError}.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@linkcode CommandHandler.load}. */
export interface LoadOptions {
  /** Gives up: the call fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What {@linkcode CommandHandler.execute} did. */
export interface Executed<State, E extends AnyEvent> {
  /**
   * The actor's state now, with the command's events in it; frozen, as
   * {@linkcode Decider} says.
   */
  readonly state: State;
  /**
   * The version of the last of `events`; the actor's version when there are
   * none.
   */
  readonly version: number;
  /** The command's events as they are stored, in order. */
  readonly events: readonly E[];
  /** True when an earlier call has executed the command, and `events` are its. */
  readonly duplicate: boolean;
  /** How often the command was decided; 0 for one that was found stored. */
  readonly attempts: number;
}

/** What {@linkcode CommandHandler.load} found. */
export interface Loaded<State> {
  /** The actor's state, frozen, as {@linkcode Decider} says. */
  readonly state: State;
  /** Its version; 0 for an actor without events. */
  readonly version: number;
}

/**
 * Executes the commands of one kind of actor.
 *
 * Commands of one actor that are given to one handler at the same time wait
 * for each other, in the order of the calls. Across handlers and processes the
 * store decides who is first, and the others decide again on what is there
 * then.
 */
export interface CommandHandler<State, Command, E extends AnyEvent> {
  /**
   * Decides a command on the actor's state and stores the events, all or none,
   * if the actor is still at the version that was decided on. If not, it reads
   * what is new and decides again.
   *
   * @throws {Rejection} Or whatever else `decide` throws: nothing is stored.
   * @throws {VersionConflictError} If the actor is not at `expectedVersion`.
   * @throws {TooManyConflictsError} If others were faster each time.
   * @throws {SaveOutcomeUnknownError} If it can't be told whether the events
   * were stored. Executing the command again with its `commandId` tells.
   * @throws {ReplayError} If a stored message of the actor is no event: half a
   * history decides nothing.
   * @throws As {@linkcode EventStore.saveEvent} else.
   */
  execute(
    actorId: string,
    command: Command,
    options?: ExecuteOptions,
  ): Promise<Executed<State, E>>;

  /**
   * An actor's state as of now. It reads what is new, and waits for no
   * command.
   *
   * @throws {ReplayError} As {@linkcode execute}.
   */
  load(actorId: string, options?: LoadOptions): Promise<Loaded<State>>;

  /**
   * Forgets the cached state of an actor: the next command loads it anew.
   *
   * @returns Whether it was cached.
   */
  forget(actorId: string): boolean;

  /** How many actors are cached. */
  readonly cachedActors: number;
}
