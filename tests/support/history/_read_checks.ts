import {
  type Context,
  type Ended,
  judgeError,
  mayLag,
  raiseFloor,
} from "./_context.ts";
import type { LatestCall, Outcome, ReadCall } from "./records.ts";

type Events = Extract<Outcome, { is: "events" }>;

/**
 * Checks what reads saw: the history of their actor up to some place, all of
 * it as it is stored, at least what had been acknowledged before.
 */
export class ReadChecks {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Judges a read that has ended. */
  judge(op: Ended<ReadCall | LatestCall>): void {
    const { completed: { outcome }, call } = op;
    if (outcome.is === "error") judgeError(this.#context, outcome, op);
    else if (outcome.is === "version") {
      this.#judgeVersion(op, outcome.version);
    } else if (outcome.is === "events" && call.name === "read") {
      if (call.backward) this.#judgeBackward(op as Ended<ReadCall>, outcome);
      else this.#judgeForward(op as Ended<ReadCall>, outcome);
    }
  }

  #judgeVersion(op: Ended<ReadCall | LatestCall>, version: number): void {
    const { state, violations } = this.#context;
    const { invoked, completed, call } = op;
    const rows = state.rowsOfActor(call.actor);
    const place = version === 0 ? -1 : state.placeOf(rows, version);
    if (place >= 0 && state.versions[rows[place] ?? -1] !== version) {
      const message = `${call.actor} has no version ${version}`;
      violations.add("unstored", message, invoked, completed);
      return;
    }
    this.#judgeEnd(op, rows, place);
  }

  #judgeForward(op: Ended<ReadCall>, seen: Events): void {
    const { state } = this.#context;
    const { actor, from = 0, to = Infinity, limit = Infinity } = op.call;
    const rows = state.rowsOfActor(actor);
    const start = state.placeOf(rows, from);
    if (!this.#matches(op, rows, start, 1, seen)) return;
    const count = seen.versions.length;
    const next = rows[start + count];
    // Where the caller's bounds end it, nothing is known of what follows.
    const isCut = count >= limit ||
      (next !== undefined && state.versions[next]! > to);
    if (!isCut) this.#judgeEnd(op, rows, start + count - 1, count === 0);
    else if (count > 0) this.#see(op, rows, start + count - 1);
  }

  #judgeBackward(op: Ended<ReadCall>, seen: Events): void {
    const { state, violations } = this.#context;
    const { invoked, completed, call } = op;
    const { actor, from = 0, to = Infinity, limit = Infinity } = call;
    const rows = state.rowsOfActor(actor);
    const least = state.placeOf(rows, from);
    const count = seen.versions.length;
    if (count === 0) {
      const ends = least < rows.length && state.versions[rows[least]!]! <= to;
      if (ends) this.#judgeEnd(op, rows, least - 1, true);
      return;
    }
    const top = state.placeOf(rows, seen.versions[0]!);
    if (!this.#matches(op, rows, top, -1, seen)) return;
    if (top - count + 1 > least && count < limit) {
      const message = `it ends before version ${from}`;
      violations.add("gap", message, invoked, completed);
    }
    const next = rows[top + 1];
    const isCut = next !== undefined && state.versions[next]! > to;
    if (isCut) this.#see(op, rows, top);
    else this.#judgeEnd(op, rows, top);
  }

  /** Whether what was seen is what is stored from a place on. */
  #matches(
    { invoked, completed, call }: Ended<ReadCall>,
    rows: readonly number[],
    start: number,
    step: 1 | -1,
    { versions, prints }: Events,
  ): boolean {
    const { state, violations } = this.#context;
    for (const [i, version] of versions.entries()) {
      const row = rows[start + step * i];
      const same = row !== undefined && state.versions[row] === version &&
        state.prints[row] === prints[i];
      if (same) continue;
      const found = rows[state.placeOf(rows, version)];
      const isStored = found !== undefined &&
        state.versions[found] === version && state.prints[found] === prints[i];
      const message = isStored
        ? `${call.actor}: version ${version} where ${
          row === undefined ? "none" : state.versions[row]
        } is stored`
        : `${call.actor} has no such version ${version}`;
      const kind = isStored ? "gap" : "unstored";
      violations.add(kind, message, invoked, completed);
      return false;
    }
    return true;
  }

  /**
   * Judges the end of what was seen.
   *
   * @param place That of the last event seen, or before which nothing was.
   * @param isBlind Whether nothing was seen, so that it may end still earlier.
   */
  #judgeEnd(
    op: Ended<ReadCall | LatestCall>,
    rows: readonly number[],
    place: number,
    isBlind = false,
  ): void {
    const { state, violations, slack } = this.#context;
    const { invoked, completed, call, floor } = op;
    if (!isBlind && state.splits(rows[place], rows[place + 1])) {
      const message = `${call.actor} ends within a batch, at ${
        state.versions[rows[place]!]
      }`;
      violations.add("half-batch", message, invoked, completed);
    }
    if (place < floor) {
      const message = `${call.actor} was seen at version ${
        state.versions[rows[floor]!]
      }`;
      violations.add("went-back", message, invoked, completed);
    }
    const strong = call.consistency === "strong" &&
      !mayLag(this.#context, invoked.at, completed.at);
    if (strong && rows.length > 0) {
      const index = state.actorOf[rows[0]!]!;
      const least = state.placeAckedBefore(index, invoked.at - slack);
      if (place < least) {
        const row = rows[least]!;
        const message = `version ${
          state.versions[row]
        } of ${call.actor} was acknowledged ${
          (invoked.at - state.acked[row]!).toFixed(3)
        } ms before`;
        violations.add("stale", message, invoked, completed);
      }
    }
    if (!isBlind) this.#see(op, rows, place);
  }

  /** Notes what its store has seen, which somebody must have saved by then. */
  #see(
    { invoked, completed, call }: Ended<ReadCall | LatestCall>,
    rows: readonly number[],
    place: number,
  ): void {
    if (place < 0) return;
    const { state, violations, slack } = this.#context;
    raiseFloor(this.#context, invoked.store, call.actor, place);
    if (state.begun[rows[place]!]! <= completed.at + slack) return;
    const message = `version ${state.versions[rows[place]!]} of ${call.actor}`;
    violations.add("early", message, invoked, completed);
  }
}
