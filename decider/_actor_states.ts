/**
 * What is known of actors: their states as of a version, cached.
 *
 * @module
 */

import { deepFreeze } from "../event/deep_freeze.ts";
import type { AnyEvent } from "../event/event.ts";
import type { EventStore } from "../store/event_store.ts";
import type { ActorState } from "./_actor_state.ts";
import { CommandLog } from "./_command_log.ts";
import { readHistory } from "./_history.ts";
import { LruCache } from "./_lru_cache.ts";
import { Snapshots } from "./_snapshots.ts";
import type { SnapshotOptions } from "./command_handler.ts";
import { type Decider, stateAfter } from "./decider.ts";

/** How much is kept of actors. */
export interface ActorStatesOptions {
  readonly cachedActors: number;
  readonly rememberedCommands: number;
  readonly snapshots?: SnapshotOptions | undefined;
}

/** Loads the states of actors and keeps those used last. */
export class ActorStates<State, E extends AnyEvent> {
  readonly #store: EventStore<E>;
  readonly #decider: Decider<State, never, E>;
  readonly #initialState: State;
  readonly #rememberedCommands: number;
  readonly #cache: LruCache<ActorState<State>>;
  readonly #snapshots: Snapshots<State> | undefined;

  constructor(
    store: EventStore<E>,
    decider: Decider<State, never, E>,
    { cachedActors, rememberedCommands, snapshots }: ActorStatesOptions,
  ) {
    this.#store = store;
    this.#decider = decider;
    this.#initialState = deepFreeze(decider.initialState);
    this.#rememberedCommands = rememberedCommands;
    this.#cache = new LruCache(cachedActors);
    if (snapshots === undefined) return;
    const any = store as unknown as EventStore<AnyEvent>;
    this.#snapshots = new Snapshots(any, snapshots);
    this.#snapshots.check(this.#initialState);
  }

  /** What is cached of an actor, which others may have moved on since. */
  cached(actorId: string): ActorState<State> | undefined {
    return this.#cache.get(actorId);
  }

  /** Forgets an actor; false if it was not cached. */
  forget(actorId: string): boolean {
    return this.#cache.delete(actorId);
  }

  /** How many actors are cached. */
  get count(): number {
    return this.#cache.size;
  }

  /** Caches a state that was stored or read. */
  keep(actorId: string, actor: ActorState<State>): void {
    this.#cache.set(actorId, actor);
  }

  /** An actor as of now, from its snapshot, if it has one, and events. */
  async load(
    actorId: string,
    signal: AbortSignal | undefined,
  ): Promise<ActorState<State>> {
    const remembered = this.#rememberedCommands;
    const kept = await this.#snapshots?.load(actorId, remembered, signal);
    return kept === undefined
      ? await this.#replay(actorId, signal)
      : await this.refresh(actorId, kept, signal);
  }

  /** An actor as of now, from all of its events. */
  async #replay(
    actorId: string,
    signal: AbortSignal | undefined,
  ): Promise<ActorState<State>> {
    const events = await readHistory(this.#store, actorId, 0, signal);
    return this.catchUp({
      state: this.#initialState,
      version: 0,
      commands: new CommandLog(this.#rememberedCommands),
      snapshotVersion: 0,
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
    if (events.length === 0 && version > 0) {
      return this.#replay(actorId, signal);
    }
    return this.catchUp(known, events);
  }

  /**
   * The state after events that are not stored yet.
   *
   * @throws {InvalidEventError} If a snapshot is due after them, and the state
   * is not JSON.
   */
  preview(
    { state, snapshotVersion }: ActorState<State>,
    events: readonly E[],
  ): State {
    const after = this.#stateAfter(state, events);
    const { version } = events.at(-1)!;
    if (this.#snapshots?.isDue(snapshotVersion, version)) {
      this.#snapshots.check(after);
    }
    return after;
  }

  /**
   * An actor after events that were stored just now. It is cached.
   *
   * @param state The state after them.
   */
  stored(
    actorId: string,
    known: ActorState<State>,
    events: readonly E[],
    state: State,
  ): ActorState<State> {
    let actor = this.#advance(known, events, state);
    const { snapshotVersion, version } = actor;
    if (this.#snapshots?.isDue(snapshotVersion, version)) {
      this.#snapshots.take(actorId, actor);
      actor = { ...actor, snapshotVersion: version };
    }
    this.#cache.set(actorId, actor);
    return actor;
  }

  /** An actor after those events that it does not know yet. */
  catchUp(
    known: ActorState<State>,
    events: readonly E[],
  ): ActorState<State> {
    const fresh = events.filter(({ version }) => version > known.version);
    return this.#advance(known, fresh, this.#stateAfter(known.state, fresh));
  }

  /** The state after events, frozen: callers share it with the cache. */
  #stateAfter(state: State, events: readonly E[]): State {
    return deepFreeze(events.reduce(
      (state, event) => stateAfter(this.#decider, state, event),
      state,
    ));
  }

  /** An actor after more of its stored events. */
  #advance(
    known: ActorState<State>,
    events: readonly E[],
    state: State,
  ): ActorState<State> {
    for (const event of events) known.commands.note(event);
    const version = events.at(-1)?.version ?? known.version;
    const { commands, snapshotVersion } = known;
    return { state, version, commands, snapshotVersion };
  }
}
