/**
 * What is known of actors: their states as of a version, cached.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import type { EventStore } from "../store/event_store.ts";
import { CommandLog } from "./_command_log.ts";
import { readHistory } from "./_history.ts";
import { LruCache } from "./_lru_cache.ts";
import type { Decider } from "./decider.ts";

/** An actor as of a version. It is replaced, but for its log, which grows. */
export interface ActorState<State> {
  readonly state: State;
  /** 0 for an actor without events. */
  readonly version: number;
  /** The commands it knows; it may be ahead of the version. */
  readonly commands: CommandLog;
}

/** How much is kept of actors. */
export interface ActorStatesOptions {
  readonly cachedActors: number;
  readonly rememberedCommands: number;
}

/** Loads the states of actors and keeps those used last. */
export class ActorStates<State, E extends AnyEvent> {
  readonly #store: EventStore<E>;
  readonly #decider: Decider<State, never, E>;
  readonly #rememberedCommands: number;
  readonly #cache: LruCache<ActorState<State>>;

  constructor(
    store: EventStore<E>,
    decider: Decider<State, never, E>,
    { cachedActors, rememberedCommands }: ActorStatesOptions,
  ) {
    this.#store = store;
    this.#decider = decider;
    this.#rememberedCommands = rememberedCommands;
    this.#cache = new LruCache(cachedActors);
  }

  /** What is cached of an actor, which others may have moved on since. */
  cached(actorId: string): ActorState<State> | undefined {
    return this.#cache.get(actorId);
  }

  /** Caches a state that was stored or read. */
  keep(actorId: string, actor: ActorState<State>): void {
    this.#cache.set(actorId, actor);
  }

  /** Forgets an actor whose state may not be what is cached. */
  forget(actorId: string): void {
    this.#cache.delete(actorId);
  }

  /** An actor as of now, from all of its events. */
  async load(
    actorId: string,
    signal: AbortSignal | undefined,
  ): Promise<ActorState<State>> {
    const events = await readHistory(this.#store, actorId, 0, signal);
    return this.advance({
      state: this.#decider.initialState,
      version: 0,
      commands: new CommandLog(this.#rememberedCommands),
    }, events);
  }

  /** An actor as of now, from the events since it was last seen. */
  async refresh(
    actorId: string,
    known: ActorState<State>,
    signal: AbortSignal | undefined,
  ): Promise<ActorState<State>> {
    const { version } = known;
    const events = await readHistory(this.#store, actorId, version, signal);
    // Its last event has expired, and with it all that was known.
    if (events.length === 0 && version > 0) return this.load(actorId, signal);
    return this.catchUp(known, events);
  }

  /** A state after more events, which need not be stored yet. */
  stateAfter(state: State, events: readonly E[]): State {
    return events.reduce(
      (state, event) => this.#decider.evolve(state, event),
      state,
    );
  }

  /**
   * An actor after more of its stored events.
   *
   * @param state The state after them, if it is known.
   */
  advance(
    known: ActorState<State>,
    events: readonly E[],
    state: State = this.stateAfter(known.state, events),
  ): ActorState<State> {
    for (const event of events) known.commands.note(event);
    const version = events.at(-1)?.version ?? known.version;
    return { state, version, commands: known.commands };
  }

  /** An actor after those events that it does not know yet. */
  catchUp(
    known: ActorState<State>,
    events: readonly E[],
  ): ActorState<State> {
    const isNew = ({ version }: E) => version > known.version;
    return this.advance(known, events.filter(isNew));
  }
}
