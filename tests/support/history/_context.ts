import type { FinalState } from "./_final_state.ts";
import type { Call, Completed, ErrorOutcome, Invoked } from "./records.ts";
import type { Violations } from "./violations.ts";

/** What all checks share. */
export interface Context {
  readonly state: FinalState;
  readonly violations: Violations;
  /** Milliseconds by which the clocks of processes may differ. */
  readonly slack: number;
  /** When reads may lag, see `CheckOptions`. */
  readonly lag: readonly (readonly [from: number, to: number])[];
  /** Names of errors that calls may end with. */
  readonly allowed: readonly string[];
  /** What each store instance is known to know: the place of each actor's end. */
  readonly floors: Map<string, Map<number, number>>;
}

/** A call that has begun. */
export interface Op<C extends Call = Call> {
  /** Its number in the history. */
  readonly index: number;
  readonly invoked: Invoked;
  readonly call: C;
  /** What its store knew of its actor when it began. */
  readonly floor: number;
}

/** A call and how it ended. */
export interface Ended<C extends Call = Call> extends Op<C> {
  readonly completed: Completed;
}

/** Whether reads might lag at some time between the two. */
export function mayLag({ lag }: Context, from: number, to: number): boolean {
  return lag.some(([begin, end]) => from <= end && to >= begin);
}

/** Judges an error that is none of the contract's outcomes. */
export function judgeError(
  { allowed, violations }: Context,
  { name, message }: ErrorOutcome,
  { invoked, completed }: Ended,
): void {
  if (allowed.includes(name)) return;
  violations.add("unexpected", `${name}: ${message}`, invoked, completed);
}

/** What a store instance knows of an actor: a place, -1 for nothing. */
export function floorOf(
  { floors, state }: Context,
  store: string,
  actor: string,
): number {
  const index = state.actorIndex(actor);
  if (index === undefined) return -1;
  return floors.get(store)?.get(index) ?? -1;
}

/** Notes that a store instance has seen an actor up to a place. */
export function raiseFloor(
  { floors, state }: Context,
  store: string,
  actor: string,
  place: number,
): void {
  const index = state.actorIndex(actor);
  if (index === undefined) return;
  let known = floors.get(store);
  if (known === undefined) floors.set(store, known = new Map());
  if ((known.get(index) ?? -1) < place) known.set(index, place);
}
