/**
 * What tests need: given/when/then for deciders, and stores that fail when they
 * are told to. It works with any test framework, and without one.
 *
 * @example
 * ```ts
 * import type { Event } from "@flowmade-one/aether";
 * import type { Decider } from "@flowmade-one/aether/decider";
 * import { specificationOf } from "@flowmade-one/aether/testing";
 *
 * const counter: Decider<number, number, Event<"Counted", { by: number }>> = {
 *   initialState: 0,
 *   decide: (by) => by === 0 ? [] : { eventType: "Counted", data: { by } },
 *   evolve: (count, event) => count + event.data.by,
 * };
 *
 * const { given } = specificationOf(counter);
 * given().when(2).then({ eventType: "Counted", data: { by: 2 } });
 * given().when(0).thenNothing();
 * ```
 *
 * @module
 */

export { withFaults } from "./faults.ts";
export type { Fault, FaultyStore } from "./faults.ts";
export { fixedClock, fixedIds } from "./fixed.ts";
export type { FixedClock } from "./fixed.ts";
export { SpecificationError, specificationOf } from "./specification.ts";
export type {
  GivenEvent,
  GivenPlace,
  Specification,
  Then,
  When,
} from "./specification.ts";
