/**
 * What a decider is.
 *
 * @module
 */

import type { AnyEvent } from "../event/event.ts";
import type { EventDraftOf } from "../event/event_draft.ts";
import { show } from "../internal/show.ts";

/**
 * A decision: what happened, as one event draft, several, or none (an empty
 * array). Naming it as the return type of `decide` has the compiler report a
 * wrong draft where it stands, not at `decide` as a whole.
 *
 * @typeParam E The events that may be decided.
 */
export type Decided<E extends AnyEvent> =
  | EventDraftOf<E>
  | readonly EventDraftOf<E>[];

/**
 * How one kind of actor decides: three parts without side effects, which can
 * be used and tested without a store.
 *
 * `decide` and `evolve` must be pure: they give the same result for the same
 * arguments and change none of them. Time, ids and random values a decision
 * needs come in its command.
 *
 * @typeParam State What is known of an actor. It is never changed, only
 * replaced: command handlers freeze the plain objects and arrays of a state,
 * and those in them, but not maps, sets, typed arrays or class instances.
 * @typeParam Command What can be asked of one, such as a union that narrows on
 * `type`.
 * @typeParam E The events that can happen to one.
 *
 * @example Decide without a store
 * ```ts
 * import type { Event } from "@flowmade-one/aether";
 * import { type Decider, Rejection } from "@flowmade-one/aether/decider";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * type SeatReserved = Event<"SeatReserved", { by: string }>;
 *
 * const seat: Decider<{ by?: string }, { by: string }, SeatReserved> = {
 *   initialState: {},
 *   decide({ by }, state) {
 *     if (state.by !== undefined) throw new Rejection("taken", "Seat is taken");
 *     return { eventType: "SeatReserved", data: { by } };
 *   },
 *   evolve(state, event) {
 *     return event.eventType === "SeatReserved" ? { by: event.data.by } : state;
 *   },
 * };
 *
 * assertEquals(seat.decide({ by: "Jane" }, seat.initialState), {
 *   eventType: "SeatReserved",
 *   data: { by: "Jane" },
 * });
 * assertThrows(() => seat.decide({ by: "John" }, { by: "Jane" }), Rejection);
 * ```
 */
export interface Decider<State, Command, E extends AnyEvent> {
  /**
   * The state of an actor to which nothing has happened. All actors begin with
   * the same one; command handlers freeze it.
   */
  readonly initialState: State;
  /**
   * Says what happens when a state is given a command. An empty array is
   * nothing; to refuse the command, throw a {@linkcode Rejection}. It is not
   * async.
   */
  decide(command: Command, state: State): Decided<E>;
  /**
   * The state after an event. It gets every event of the actor, those of other
   * deciders too: return the state as it is by default.
   */
  evolve(state: State, event: E): State;
}

/**
 * The drafts of a decision as an array.
 *
 * @throws {TypeError} If it is none.
 */
export function draftsOf<E extends AnyEvent>(
  decided: Decided<E>,
  action: string,
): readonly EventDraftOf<E>[] {
  if (decided === undefined) {
    throw new TypeError(
      `Cannot ${action}: decide returned undefined; return [] where nothing happens`,
    );
  }
  refusePromise(decided, action);
  return Array.isArray(decided) ? decided : [decided as EventDraftOf<E>];
}

/** @throws {TypeError} If `decide` is async. */
export function refusePromise(decided: unknown, action: string): void {
  if (!(decided instanceof Promise)) return;
  // Nobody waits for it: if it is rejected, the program must not end.
  decided.catch(() => {});
  throw new TypeError(
    `Cannot ${action}: decide returned a promise; it must not be async`,
  );
}

/**
 * The state after an event.
 *
 * @throws {TypeError} If `evolve` forgot to return one.
 */
export function stateAfter<State, E extends AnyEvent>(
  decider: Decider<State, never, E>,
  state: State,
  event: E,
): State {
  const after = decider.evolve(state, event);
  if (after !== undefined || state === undefined) return after;
  const { eventType, version, actorId } = event;
  throw new TypeError(
    `Cannot evolve state: evolve returned undefined for ${
      show(eventType)
    } at version ${version} of actor ${
      show(actorId)
    }; return the state as it is for events it does not know`,
  );
}
