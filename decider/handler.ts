/**
 * Makes command handlers.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import {
  CREATE_EVENT_OPTIONS,
  type EventSources,
  resolveSources,
} from "../event/event_sources.ts";
import {
  badRange,
  badType,
  checkFunction,
  checkInteger,
  checkSignal,
  type OptionNames,
  optionsOf,
  resolveSignal,
} from "../internal/arguments.ts";
import { checkActorId } from "../internal/nats/names.ts";
import type { EventStore } from "../store/event_store.ts";
import { checkCommandId, checkDecider, checkStore } from "./arguments.ts";
import { ActorStates, type ActorStatesOptions } from "./_actor_states.ts";
import { type Call, Execution, type ExecutionParts } from "./_execution.ts";
import { Turns } from "./_turns.ts";
import type {
  CommandHandler,
  CommandHandlerOptions,
  Executed,
  ExecuteOptions,
  Loaded,
  LoadOptions,
  SnapshotOptions,
} from "./command_handler.ts";
import type { Decider } from "./decider.ts";

const HANDLER_OPTIONS: OptionNames<CommandHandlerOptions> = {
  retries: true,
  cachedActors: true,
  rememberedCommands: true,
  snapshots: true,
  ...CREATE_EVENT_OPTIONS,
};

const SNAPSHOT_OPTIONS: OptionNames<SnapshotOptions> = {
  every: true,
  schema: true,
  onError: true,
};

const EXECUTE_OPTIONS: OptionNames<ExecuteOptions> = {
  commandId: true,
  expectedVersion: true,
  metadata: true,
  signal: true,
};

/**
 * Makes a handler that executes commands: load, decide, save with the version
 * that was decided on, and again if others were faster.
 *
 * A command on an actor that is cached costs one round trip, that of its save.
 * A cached state is never trusted further than that: the store refuses what was
 * decided on an old one, and where nothing would be saved, since the command
 * is refused or changes nothing, what is new is read first.
 *
 * @example
 * ```ts
 * import { type Event, InMemoryEventStore } from "@flowmade-one/aether";
 * import { commandHandler, type Decider } from "@flowmade-one/aether/decider";
 * import { assertEquals } from "@std/assert";
 *
 * type Counted = Event<"Counted", { by: number }>;
 *
 * const counter: Decider<number, { by: number }, Counted> = {
 *   initialState: 0,
 *   decide: ({ by }) => ({ eventType: "Counted", data: { by } }),
 *   evolve: (count, event) => count + event.data.by,
 * };
 *
 * await using store = new InMemoryEventStore<Counted>();
 * const counters = commandHandler(store, counter);
 * await counters.execute("counter-1", { by: 2 });
 * const { state, version } = await counters.execute("counter-1", { by: 3 });
 * assertEquals([state, version], [5, 2]);
 * ```
 *
 * @typeParam Stored The events of the store: those of the decider and others.
 * @throws {TypeError | RangeError} If the store is none, the decider lacks a
 * part, an option is not valid, or the initial state is not JSON and snapshots
 * are to be kept.
 */
export function commandHandler<
  Stored extends AnyEvent,
  State,
  Command,
  E extends Stored,
>(
  store: EventStore<Stored>,
  decider: Decider<State, Command, E>,
  options?: CommandHandlerOptions,
): CommandHandler<State, Command, E> {
  const action = "make command handler";
  checkStore(store, action);
  checkDecider(decider, action);
  const {
    retries = 10,
    cachedActors = 10_000,
    rememberedCommands = 64,
    snapshots,
    ...sources
  } = optionsOf(options, HANDLER_OPTIONS, action);
  const limits = { retries, cachedActors, rememberedCommands };
  for (const [name, limit] of Object.entries(limits)) {
    checkInteger(limit, action, name);
  }
  // Events of other deciders reach `evolve` only, which takes all of them.
  return new Handler(store as unknown as EventStore<E>, decider, {
    ...limits,
    snapshots: resolveSnapshots(snapshots, action),
    sources: resolveSources(sources, action),
  });
}

function resolveSnapshots(
  options: SnapshotOptions | undefined,
  action: string,
): SnapshotOptions | undefined {
  if (options === undefined) return undefined;
  const { every, schema, onError } = optionsOf(
    options,
    SNAPSHOT_OPTIONS,
    action,
    "snapshots",
  );
  if (typeof schema !== "string") {
    throw badType(action, "snapshots.schema", "a string", schema);
  }
  if (schema === "") {
    const must = "a text of at least one character";
    throw badRange(action, "snapshots.schema", must, schema);
  }
  checkFunction(onError, action, "snapshots.onError");
  return {
    every: checkInteger(every, action, "snapshots.every", 1),
    schema,
    onError,
  };
}

/** Options of a handler, checked. */
interface HandlerOptions extends ActorStatesOptions {
  readonly retries: number;
  readonly sources: EventSources;
}

/** Executes commands one at a time for each actor. */
class Handler<State, Command, E extends AnyEvent>
  implements CommandHandler<State, Command, E> {
  readonly #parts: ExecutionParts<State, Command, E>;

  constructor(
    store: EventStore<E>,
    decider: Decider<State, Command, E>,
    { retries, sources, ...kept }: HandlerOptions,
  ) {
    const actors = new ActorStates(store, decider, kept);
    const turns = new Turns();
    this.#parts = { store, decider, actors, turns, retries, sources };
  }

  // deno-lint-ignore require-await -- what it throws is a rejection
  async execute(
    actorId: string,
    command: Command,
    options?: ExecuteOptions,
  ): Promise<Executed<State, E>> {
    const call = resolveCall(actorId, command, options);
    return new Execution(this.#parts, call).run();
  }

  get cachedActors(): number {
    return this.#parts.actors.count;
  }

  forget(actorId: string): boolean {
    return this.#parts.actors.forget(actorId);
  }

  async load(actorId: string, options?: LoadOptions): Promise<Loaded<State>> {
    const action = "load actor";
    checkActorId(actorId, action);
    const signal = resolveSignal(options, action);
    const { actors } = this.#parts;
    const cached = actors.cached(actorId);
    const actor = cached === undefined
      ? await actors.load(actorId, signal)
      : await actors.refresh(actorId, cached, signal);
    // Unless a command has moved it on meanwhile.
    if (actors.cached(actorId) === cached) actors.keep(actorId, actor);
    return { state: actor.state, version: actor.version };
  }
}

function resolveCall<Command>(
  actorId: string,
  command: Command,
  options: ExecuteOptions | undefined,
): Call<Command> {
  const action = "execute command";
  checkActorId(actorId, action);
  const { commandId, expectedVersion, metadata, signal } = optionsOf(
    options,
    EXECUTE_OPTIONS,
    action,
  );
  return {
    actorId,
    command,
    commandId: checkCommandId(commandId, action),
    expectedVersion: expectedVersion === undefined
      ? undefined
      : checkInteger(expectedVersion, action, "expectedVersion"),
    metadata,
    signal: checkSignal(signal, action),
  };
}
