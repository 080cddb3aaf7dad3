/**
 * One decision over several actors.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import {
  CREATE_EVENT_OPTIONS,
  type CreateEventOptions,
  resolveSources,
} from "../event/event_sources.ts";
import {
  badType,
  checkInteger,
  checkSignal,
  type OptionNames,
  optionsOf,
} from "../internal/arguments.ts";
import { checkActorId } from "../internal/nats/names.ts";
import { show } from "../internal/show.ts";
import type { EventStore } from "../store/event_store.ts";
import { checkCommandId, checkDecider, checkStore } from "./arguments.ts";
import { JointExecution, type Part } from "./_joint_execution.ts";
import type { Decided, Decider } from "./decider.ts";

/** Any decider: the constraint of what is generic in deciders. */
export type AnyDecider = Decider<unknown, never, AnyEvent>;

/** The state that a decider keeps. */
export type StateOf<D> = D extends { readonly initialState: infer State }
  ? State
  : never;

/** The events that a decider decides. */
export type EventOf<D> = D extends
  { evolve(state: never, event: infer E): unknown }
  ? E extends AnyEvent ? E : never
  : never;

/** The actors of one decision, each with its decider, by names of your own. */
export type DecisionParts = Readonly<
  Record<string, readonly [decider: AnyDecider, actorId: string]>
>;

/** The same parts, if a store holds the events of all of them. */
export type PartsOver<Stored extends AnyEvent, Parts extends DecisionParts> = {
  readonly [Name in keyof Parts]: EventOf<Parts[Name][0]> extends Stored
    ? unknown
    : readonly [Decider<StateOf<Parts[Name][0]>, never, Stored>, string];
};

/** The state of each part. */
export type PartStates<Parts extends DecisionParts> = {
  readonly [Name in keyof Parts]: StateOf<Parts[Name][0]>;
};

/** What was decided for each part. */
export type PartDecisions<Parts extends DecisionParts> = {
  readonly [Name in keyof Parts]: Decided<EventOf<Parts[Name][0]>>;
};

/** Options of {@linkcode decideTogether}. */
export interface DecideTogetherOptions extends CreateEventOptions {
  /**
   * Names the command, so that sending it again does nothing again. It is
   * looked for in the whole history of each part.
   */
  readonly commandId?: string | undefined;
  /**
   * How often it is decided again when others were faster; 0 or more.
   * @default {10}
   */
  readonly retries?: number | undefined;
  /** Metadata of all events of the command; a draft's own wins. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /**
   * Gives up. The command fails with the signal's reason, or, if its events
   * were sent already, with a {@linkcode SaveOutcomeUnknownError}.
   */
  readonly signal?: AbortSignal | undefined;
}

/** What a joint decision did to one of its actors. */
export interface DecidedPart<State, E extends AnyEvent> {
  /** The actor's state now, with the command's events in it. */
  readonly state: State;
  /** The version of the last of `events`. */
  readonly version: number;
  /** The command's events of this actor as they are stored, in order. */
  readonly events: readonly E[];
}

/** What {@linkcode decideTogether} did. */
export interface DecidedTogether<Parts extends DecisionParts> {
  /** What it did to each part. */
  readonly parts: {
    readonly [Name in keyof Parts]: DecidedPart<
      StateOf<Parts[Name][0]>,
      EventOf<Parts[Name][0]>
    >;
  };
  /** True when an earlier call has executed the command, and the events are its. */
  readonly duplicate: boolean;
  /** How often the command was decided until its events were stored. */
  readonly attempts: number;
}

const OPTIONS: OptionNames<DecideTogetherOptions> = {
  commandId: true,
  retries: true,
  metadata: true,
  signal: true,
  ...CREATE_EVENT_OPTIONS,
};

/**
 * Decides on the states of several actors at once and stores the events of all
 * of them, or none. If one of the actors has moved on meanwhile, it reads what
 * is new and decides again as a whole.
 *
 * Each call reads the actors' histories from their beginnings. It is meant for
 * what must be true at once, such as a transfer or a unique value; what may
 * follow later is better done in answer to the first actor's event.
 *
 * @example Transfer between accounts
 * ```ts
 * import { type Event, InMemoryEventStore } from "@flowmade-one/aether";
 * import { type Decider, decideTogether } from "@flowmade-one/aether/decider";
 * import { assertEquals } from "@std/assert";
 *
 * type Moved = Event<"Moved", { amount: number }>;
 *
 * const account: Decider<number, { amount: number }, Moved> = {
 *   initialState: 0,
 *   decide: ({ amount }) => ({ eventType: "Moved", data: { amount } }),
 *   evolve: (balance, event) => balance + event.data.amount,
 * };
 *
 * await using store = new InMemoryEventStore<Moved>();
 * const { parts } = await decideTogether(
 *   store,
 *   { from: [account, "account-1"], to: [account, "account-2"] },
 *   ({ from, to }) => ({
 *     from: account.decide({ amount: -30 }, from),
 *     to: account.decide({ amount: 30 }, to),
 *   }),
 *   { commandId: "transfer-1" },
 * );
 * assertEquals([parts.from.state, parts.to.state], [-30, 30]);
 * ```
 *
 * @param parts The actors, each once.
 * @param decide Decides for each part, which must be at least one draft: a
 * part that is only read would be guarded by nothing. To refuse the command,
 * throw a {@linkcode Rejection}.
 * @throws {Rejection} Or whatever else `decide` throws: nothing is stored. All
 * parts were at the states it decided on at one moment.
 * @throws {TooManyConflictsError} If others were faster each time.
 * @throws {SaveOutcomeUnknownError} If it can't be told whether the events
 * were stored. Deciding again with the same `commandId` tells.
 * @throws {ReplayError} If a stored message of one of the actors is no event.
 * @throws {TypeError} If the store or a decider is none, an actor is named
 * twice, or nothing was decided for a part.
 * @throws As {@linkcode EventStore.saveEvents} else.
 */
export async function decideTogether<
  Stored extends AnyEvent,
  const Parts extends DecisionParts,
>(
  store: EventStore<Stored>,
  parts: Parts & PartsOver<Stored, Parts>,
  decide: (states: PartStates<Parts>) => PartDecisions<Parts>,
  options?: DecideTogetherOptions,
): Promise<DecidedTogether<Parts>> {
  const action = "decide together";
  checkStore(store, action);
  const { commandId, retries = 10, metadata, signal, ...sources } = optionsOf(
    options,
    OPTIONS,
    action,
  );
  const execution = new JointExecution(
    store as unknown as EventStore<AnyEvent>,
    resolveParts(parts, action),
    decide as (states: Record<string, unknown>) => Record<string, unknown>,
    {
      commandId: checkCommandId(commandId, action),
      metadata,
      retries: checkInteger(retries, action, "retries"),
      signal: checkSignal(signal, action),
      sources: resolveSources(sources, action),
    },
  );
  // By the names of the parts, which the compiler can't follow.
  return await execution.run() as unknown as DecidedTogether<Parts>;
}

function resolveParts(parts: DecisionParts, action: string): Part[] {
  if (typeof parts !== "object" || parts === null) {
    throw badType(action, "parts", "an object", parts);
  }
  const names = new Map<string, string>();
  const resolved = Object.entries(parts).map(([name, part]) => {
    if (!Array.isArray(part)) {
      throw badType(action, `part ${name}`, "[decider, actorId]", part);
    }
    const [decider, actorId] = part as DecisionParts[string];
    checkDecider(decider, action, `the decider of part ${name}`);
    checkActorId(actorId, action);
    const other = names.get(actorId);
    if (other !== undefined) {
      throw new TypeError(
        `Cannot ${action}: parts ${other} and ${name} are the same actor, ${
          show(actorId)
        }`,
      );
    }
    names.set(actorId, name);
    return { name, decider, actorId };
  });
  if (resolved.length > 0) return resolved;
  throw new TypeError(`Cannot ${action}: there must be at least one part`);
}
