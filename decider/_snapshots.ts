/**
 * States of actors, kept so that not all of their events need to be read.
 *
 * @module
 */

import { copyJson, isPlainObject } from "../event/json.ts";
import type { AnyEvent } from "../event/event.ts";
import { type Report, reportTo } from "../internal/callbacks.ts";
import type { EventStore } from "../store/event_store.ts";
import type { ActorState } from "./_actor_state.ts";
import { CommandLog, type LoggedCommand } from "./_command_log.ts";
import type { SnapshotOptions } from "./command_handler.ts";

/** What a snapshot's state is made of. */
interface KeptState<State> {
  readonly state: State;
  readonly commands: readonly LoggedCommand[];
}

/** Takes snapshots of one kind of actor, and loads them. */
export class Snapshots<State> {
  readonly #store: EventStore<AnyEvent>;
  readonly #every: number;
  readonly #schema: string;
  readonly #report: Report;

  constructor(
    store: EventStore<AnyEvent>,
    { every, schema, onError }: SnapshotOptions,
  ) {
    this.#store = store;
    this.#every = every;
    this.#schema = `decider:${schema}`;
    this.#report = reportTo(onError);
  }

  /**
   * An actor as its newest snapshot has it, if there is one.
   *
   * @param capacity The most commands to remember.
   */
  async load(
    actorId: string,
    capacity: number,
    signal: AbortSignal | undefined,
  ): Promise<ActorState<State> | undefined> {
    const snapshot = await this.#store.getLatestSnapshot(actorId, {
      schema: this.#schema,
      signal,
    });
    if (snapshot === undefined || !isKeptState<State>(snapshot.state)) {
      return undefined;
    }
    const { version, state: { state, commands } } = snapshot;
    return {
      state,
      version,
      commands: new CommandLog(capacity, commands),
      snapshotVersion: version,
    };
  }

  /** Whether it is time for one, so many versions after the last. */
  isDue(snapshotVersion: number, version: number): boolean {
    return version - snapshotVersion >= this.#every;
  }

  /**
   * Checks that a state can be kept.
   *
   * @throws {InvalidEventError} If it is not JSON, with the path to what is
   * not.
   */
  check(state: State): void {
    copyJson(state, "state", "take snapshot");
  }

  /** Takes one, which nobody waits for: it may fail, and be taken later. */
  take(
    actorId: string,
    { state, version, commands }: ActorState<State>,
  ): void {
    const kept: KeptState<State> = { state, commands: commands.entries() };
    const taking = this.#store.saveSnapshot({
      actorId,
      version,
      state: kept,
      timestamp: new Date().toISOString(),
      schema: this.#schema,
    });
    taking.catch(this.#report);
  }
}

/** Whether a snapshot's state is of this kind: anybody may have saved it. */
function isKeptState<State>(value: unknown): value is KeptState<State> {
  return isPlainObject(value) && "state" in value &&
    Array.isArray(value.commands) && value.commands.every(isLoggedCommand);
}

function isLoggedCommand(value: unknown): value is LoggedCommand {
  if (!Array.isArray(value) || value.length !== 3) return false;
  const [id, ...versions] = value;
  return typeof id === "string" && versions.every(Number.isSafeInteger);
}
