/**
 * Actors whose state is their events, wherever they run.
 *
 * @module
 */

import { checkDecider, checkStore } from "../../decider/arguments.ts";
import type {
  CommandHandlerOptions,
  Executed,
} from "../../decider/command_handler.ts";
import type { Decider } from "../../decider/decider.ts";
import { commandHandler } from "../../decider/handler.ts";
import type { AnyEvent } from "../../event/event.ts";
import {
  checkDuration,
  checkFunction,
  checkInteger,
  type OptionNames,
  optionsOf,
} from "../../internal/arguments.ts";
import type { EventStore } from "../../store/event_store.ts";
import type {
  ActorDefinition,
  HandlerContext,
  HostedActors,
} from "../requests/handler.ts";
import { ShardLostError } from "../shards/errors.ts";
import { IdleActors } from "./_idle_actors.ts";

/** What a request is answered with if no `reply` is given. */
export interface EventSourcedReply {
  /** The actor's version behind the command. */
  readonly version: number;
  /** Whether the command had been carried out before. */
  readonly duplicate: boolean;
}

/**
 * Options of {@linkcode eventSourced}, beside those of a command handler.
 *
 * @typeParam State What is known of an actor.
 * @typeParam E The events that can happen to one.
 * @typeParam Reply What requests are answered with.
 */
export interface EventSourcedOptions<State, E extends AnyEvent, Reply>
  extends Omit<CommandHandlerOptions, "cachedActors"> {
  /**
   * Makes the answer to a command of what came of it: the events of the first
   * time it was carried out, and today's state. It has to be JSON.
   * @default `{ version, duplicate }`
   */
  readonly reply?: ((executed: Executed<State, E>) => Reply) | undefined;
  /**
   * How long an actor stays in memory that nobody asks for, in milliseconds: 1
   * to 2,147,483,647. @default {60_000}
   */
  readonly passivateAfter?: number | undefined;
  /**
   * How many actors stay in memory on a node, those used last: 0 or more.
   * @default {100_000}
   */
  readonly maxActive?: number | undefined;
}

const NAMES: OptionNames<EventSourcedOptions<unknown, AnyEvent, unknown>> = {
  reply: true,
  passivateAfter: true,
  maxActive: true,
  retries: true,
  rememberedCommands: true,
  snapshots: true,
  now: true,
  newId: true,
};

/**
 * Defines actors whose state is their events, for `ClusterManager.host`. A
 * request is a command: it is decided on the actor's state, and what happened
 * is stored with the version that was decided on.
 *
 * An actor is replayed at its first request and stays in memory while it is
 * used; the store checks each save, so that a state that others have moved on
 * costs a reload and never a wrong event. A command id makes a command
 * effectively once, within the last `rememberedCommands` of the actor, also
 * when its node crashes between the save and the reply.
 *
 * The decider's rejections reach the caller as a `Rejection` with code, message
 * and data.
 *
 * @example
 * ```ts
 * import { type Event, InMemoryEventStore } from "@flowmade-one/aether";
 * import { ClusterManager, eventSourced } from "@flowmade-one/aether/cluster";
 * import type { Decider } from "@flowmade-one/aether/decider";
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
 * await using cluster = ClusterManager.local({ shards: 8 });
 * const counters = cluster.host("counter", eventSourced(store, counter, {
 *   reply: ({ state }) => ({ count: state }),
 * }));
 * await cluster.start();
 *
 * await counters.request("counter-1", { by: 2 });
 * const { count } = await counters.request("counter-1", { by: 3 });
 * assertEquals(count, 5);
 * ```
 *
 * @typeParam Stored The events of the store: those of the decider and others.
 * @throws {TypeError | RangeError} If the store is none, the decider lacks a
 * part, or an option is not valid.
 */
export function eventSourced<
  Stored extends AnyEvent,
  State,
  Command,
  E extends Stored,
  Reply = EventSourcedReply,
>(
  store: EventStore<Stored>,
  decider: Decider<State, Command, E>,
  options?: EventSourcedOptions<State, E, Reply>,
): ActorDefinition<Command, Reply> {
  const action = "define actors";
  checkStore(store, action);
  checkDecider(decider, action);
  const {
    reply = plainReply as unknown as (executed: Executed<State, E>) => Reply,
    passivateAfter = 60_000,
    maxActive = 100_000,
    ...handling
  } = optionsOf(
    options,
    NAMES as OptionNames<EventSourcedOptions<State, E, Reply>>,
    action,
  );
  checkFunction(reply, action, "reply");
  checkDuration(passivateAfter, action, "passivateAfter");
  checkInteger(maxActive, action, "maxActive");
  const settings = { ...handling, cachedActors: maxActive };
  commandHandler(store, decider, settings); // checks the rest of the options
  return {
    open: (): HostedActors<Command, Reply> => {
      const commands = commandHandler(store, whileOwner(decider), settings);
      const idle = new IdleActors(passivateAfter, (id) => commands.forget(id));
      return {
        handler: async (context: HandlerContext, command: Command) => {
          const { actorId, commandId, signal, shard } = context;
          try {
            return reply(
              await commands.execute(
                actorId,
                { command, context },
                { commandId, signal },
              ),
            );
          } finally {
            idle.use(actorId, shard); // it may be cached from here on
          }
        },
        get active() {
          return commands.cachedActors;
        },
        released: (shard) => idle.release(shard),
        close: () => idle.close(),
      };
    },
  };
}

/** A command, and what it came with. */
interface Hosted<Command> {
  readonly command: Command;
  readonly context: HandlerContext;
}

/**
 * Decides only while the node owns the actor, by its clocks: a process that was
 * suspended may read that its save is a conflict before its timers end it, and
 * would decide again what the next owner has refused.
 */
function whileOwner<State, Command, E extends AnyEvent>(
  decider: Decider<State, Command, E>,
): Decider<State, Hosted<Command>, E> {
  return {
    initialState: decider.initialState,
    decide({ command, context }, state) {
      const { shard, epoch } = context;
      if (context.isOwner()) return decider.decide(command, state);
      throw new ShardLostError({ shard, epoch }, "lapsed");
    },
    evolve: (state, event) => decider.evolve(state, event),
  };
}

function plainReply(
  { version, duplicate }: Executed<unknown, AnyEvent>,
): EventSourcedReply {
  return { version, duplicate };
}
