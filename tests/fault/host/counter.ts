/**
 * The counters of the tests of event-sourced actors.
 *
 * @module
 */

import { type ActorDefinition, eventSourced } from "../../../cluster/mod.ts";
import { type Decider, Rejection } from "../../../decider/mod.ts";
import type { Event, EventStore } from "../../../mod.ts";

/** What is to happen while a command is carried out. */
type Then = "pause" | "die";

export type Counted = Event<"Counted", { by: number; then?: Then }>;

/** Counts; a count below zero is rejected. */
export interface Count {
  readonly by: number;
  readonly then?: Then;
}

/** What a command is answered with. */
export interface CountReply {
  readonly count: number;
  readonly version: number;
  readonly duplicate: boolean;
}

const counter: Decider<number, Count, Counted> = {
  initialState: 0,
  decide(data, count) {
    if (count + data.by < 0) throw new Rejection("below-zero", "Too few");
    return { eventType: "Counted", data: { ...data } };
  },
  evolve: (count, { data }) => count + data.by,
};

/**
 * The counters of a store.
 *
 * @param replying Called with what is to happen before a command is answered.
 */
export function countersIn(
  store: EventStore<Counted>,
  replying: (then: Then | undefined, duplicate: boolean) => void = () => {},
): ActorDefinition<Count, CountReply> {
  return eventSourced(store, counter, {
    reply({ state, version, duplicate, events }) {
      replying(events[0]?.data.then, duplicate);
      return { count: state, version, duplicate };
    },
  });
}
