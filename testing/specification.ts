/**
 * Given, when, then: tests of deciders, with any test framework or none.
 *
 * @module
 */

import { type Decider, draftsOf, stateAfter } from "../decider/decider.ts";
import { Rejection } from "../decider/errors.ts";
import { createEvent } from "../event/create_event.ts";
import { deepFreeze } from "../event/deep_freeze.ts";
import type { AnyEvent } from "../event/event.ts";
import type { EventDraft, EventDraftOf } from "../event/event_draft.ts";
import { differences, render } from "./_comparison.ts";

/** A decider did something else than its specification says. */
export class SpecificationError extends Error {
  /** Always `"SpecificationError"`. */
  override readonly name = "SpecificationError";
  /** What the decider did, for test frameworks that show differences. */
  readonly actual: unknown;
  /** What it should have done. */
  readonly expected: unknown;

  /** Says what differs. */
  constructor(
    message: string,
    details: { actual: unknown; expected: unknown },
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.actual = details.actual;
    this.expected = details.expected;
  }
}

/** What a given event may say of its place in the history. */
export interface GivenPlace {
  /** The actor it happened to. @default {"actor"} */
  readonly actorId?: string | undefined;
  /** The command that caused it. @default none */
  readonly commandId?: string | undefined;
  /** Its version. @default {1} for the first event, 2 for the second, ... */
  readonly version?: number | undefined;
  /** When it happened. @default {"2000-01-01T00:00:00Z"} */
  readonly timestamp?: string | undefined;
}

/**
 * An event that has happened: a draft, and as much of its place in the history
 * as matters.
 *
 * @typeParam E The events it may be.
 */
export type GivenEvent<E extends AnyEvent> = EventDraftOf<E> & GivenPlace;

/** What should come of a command. Each of these may be asked, in any order. */
export interface Then<State, E extends AnyEvent> {
  /**
   * Exactly these events, in this order. Data is compared deeply; metadata
   * only where it is expected.
   *
   * @throws {SpecificationError} If it decided otherwise.
   */
  then(...expected: readonly EventDraftOf<E>[]): void;
  /**
   * No event, and no rejection.
   *
   * @throws {SpecificationError} If it decided otherwise.
   */
  thenNothing(): void;
  /**
   * A {@linkcode Rejection} with this code, which is returned, for a look at
   * its data.
   *
   * @throws {SpecificationError} If it decided otherwise.
   */
  thenRejects(code: string): Rejection;
  /**
   * This state, after the events of the command.
   *
   * @throws {SpecificationError} If the state is another.
   */
  thenState(expected: State): void;
}

/** What happens next. */
export interface When<State, Command, E extends AnyEvent> {
  /**
   * Decides a command. Its events are evolved as well, so that one that
   * `evolve` can't take fails here.
   */
  when(command: Command): Then<State, E>;
  /**
   * This state, after the events that have happened.
   *
   * @throws {SpecificationError} If the state is another.
   */
  thenState(expected: State): void;
}

/** Tests of one decider. */
export interface Specification<State, Command, E extends AnyEvent> {
  /**
   * What has happened before; nothing, without events. States are frozen, the
   * initial one too, so that a decider that changes its state fails with a
   * TypeError: plain objects and arrays with all that is in them, but not maps,
   * sets, typed arrays or class instances.
   */
  given(...events: readonly GivenEvent<E>[]): When<State, Command, E>;
}

/**
 * Describes what a decider does: given what has happened, when a command
 * comes, then what is decided.
 *
 * @example
 * ```ts
 * import type { Event } from "@flowmade-one/aether";
 * import { type Decider, Rejection } from "@flowmade-one/aether/decider";
 * import { specificationOf } from "@flowmade-one/aether/testing";
 *
 * type SeatReserved = Event<"SeatReserved", { by: string }>;
 *
 * const seat: Decider<{ by?: string }, { by: string }, SeatReserved> = {
 *   initialState: {},
 *   decide({ by }, state) {
 *     if (state.by === by) return [];
 *     if (state.by !== undefined) throw new Rejection("taken", "Seat is taken");
 *     return { eventType: "SeatReserved", data: { by } };
 *   },
 *   evolve: (_, event) => ({ by: event.data.by }),
 * };
 *
 * const { given } = specificationOf(seat);
 * const reserved = { eventType: "SeatReserved", data: { by: "Jane" } } as const;
 *
 * given().when({ by: "Jane" }).then(reserved);
 * given(reserved).when({ by: "Jane" }).thenNothing();
 * given(reserved).when({ by: "John" }).thenRejects("taken");
 * given(reserved).thenState({ by: "Jane" });
 * ```
 */
export function specificationOf<State, Command, E extends AnyEvent>(
  decider: Decider<State, Command, E>,
): Specification<State, Command, E> {
  const replay = (
    state: State,
    events: readonly (EventDraft & GivenPlace)[],
    count: number,
  ) =>
    events.reduce(
      (state, event, i) =>
        deepFreeze(
          stateAfter(decider, state, stored<E>(event, count + i + 1)),
        ),
      deepFreeze(state),
    );
  return {
    given(...events) {
      const state = replay(decider.initialState, events, 0);
      return {
        thenState: (expected) => compare("state", state, expected),
        when(command) {
          try {
            const decided = decider.decide(command, state);
            const drafts = draftsOf(decided, "decide");
            const after = replay(state, drafts, events.length);
            return new Outcome<State, E>({ drafts, state: after });
          } catch (error) {
            return new Outcome<State, E>({ error });
          }
        },
      };
    },
  };
}

/** What came of a command. */
type Result<State, E extends AnyEvent> =
  | { readonly drafts: readonly EventDraftOf<E>[]; readonly state: State }
  | { readonly error: unknown };

class Outcome<State, E extends AnyEvent> implements Then<State, E> {
  readonly #result: Result<State, E>;

  constructor(result: Result<State, E>) {
    this.#result = result;
  }

  then(...expected: readonly EventDraftOf<E>[]): void {
    const { drafts } = this.#decided(`decide ${render(expected)}`, expected);
    const wanted = expected as readonly EventDraftOf<AnyEvent>[];
    const actual = drafts.map((draft: EventDraftOf<AnyEvent>, i) => {
      const { eventType, data, metadata } = draft;
      return wanted[i]?.metadata === undefined
        ? { eventType, data }
        : { eventType, data, metadata };
    });
    compare("events", actual, expected);
  }

  thenNothing(): void {
    const { drafts } = this.#decided("decide nothing", []);
    compare("events", drafts, []);
  }

  thenRejects(code: string): Rejection {
    const result = this.#result;
    const expectation = `reject with ${JSON.stringify(code)}`;
    if (!("error" in result)) {
      const { drafts: actual } = result;
      throw new SpecificationError(
        `Expected the decider to ${expectation}, it decided ${
          actual.length === 0 ? "nothing" : render(actual)
        }`,
        { actual, expected: code },
      );
    }
    const { error } = result;
    if (!(error instanceof Rejection)) throw unexpected(expectation, error);
    compare("code of the rejection", error.code, code);
    return error;
  }

  thenState(expected: State): void {
    const { state } = this.#decided("decide", expected);
    compare("state", state, expected);
  }

  #decided(
    expectation: string,
    expected: unknown,
  ): Exclude<Result<State, E>, { error: unknown }> {
    const result = this.#result;
    if ("error" in result) {
      throw unexpected(expectation, result.error, expected);
    }
    return result;
  }
}

/** The event that a draft is once it is stored. */
function stored<E extends AnyEvent>(
  event: EventDraft & GivenPlace,
  place: number,
): E {
  const {
    id = `event-${place}`,
    actorId = "actor",
    version = place,
    timestamp = "2000-01-01T00:00:00Z",
    ...draft
  } = event;
  const init = { ...draft, id, actorId, version, timestamp };
  return createEvent<AnyEvent>(init) as E;
}

/** @throws {SpecificationError} If two values are not the same JSON. */
function compare(what: string, actual: unknown, expected: unknown): void {
  const found = differences(actual, expected, what);
  if (found.length === 0) return;
  const lines = found.map((line) => `\n  ${line}`).join("");
  throw new SpecificationError(
    `The ${what} ${what === "events" ? "are" : "is"} not as expected:${lines}`,
    { actual, expected },
  );
}

function unexpected(
  expectation: string,
  error: unknown,
  expected: unknown = expectation,
): SpecificationError {
  const thrown = error instanceof Rejection
    ? `it rejected with ${JSON.stringify(error.code)}: ${error.message}`
    : `it threw ${String(error)}`;
  return new SpecificationError(
    `Expected the decider to ${expectation}, ${thrown}`,
    { actual: error, expected },
    { cause: error },
  );
}
