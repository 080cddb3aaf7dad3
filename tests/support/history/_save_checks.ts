import {
  type Context,
  type Ended,
  judgeError,
  mayLag,
  type Op,
  raiseFloor,
} from "./_context.ts";
import { MIXED, NONE } from "./_final_state.ts";
import { hash53, type SaveCall, type SaveOutcome } from "./records.ts";

type Success = Extract<SaveOutcome, { is: "success" }>;
type Conflict = Extract<SaveOutcome, { is: "conflict" }>;

/** Checks what became of saves, in two passes over the history. */
export class SaveChecks {
  readonly #context: Context;
  /** How many calls claim to have stored something of a set of events. */
  readonly #claims = new Map<number, number>();
  /** Rows whose id a call gave to another event. */
  readonly #altered = new Set<number>();
  /** A failed call for each row that had one. */
  readonly #failed = new Map<number, Ended<SaveCall>>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** First pass, when a save begins. */
  begin({ call }: Op<SaveCall>): void {
    const { state } = this.#context;
    const set = setOf(call);
    for (const event of call.events) {
      const row = state.rowOf(event.id);
      if (row !== undefined) state.noteSet(row, set);
    }
  }

  /** First pass, when a save has ended. */
  end(op: Ended<SaveCall>): void {
    const { state } = this.#context;
    const outcome = op.completed.outcome as SaveOutcome;
    if (outcome.is === "success") this.#acknowledged(op, outcome);
    else if (outcome.is === "unknown") this.undecided(op);
    else {
      for (const event of op.call.events) {
        const row = state.rowOfSame(event);
        if (row !== undefined) this.#failed.set(row, op);
      }
    }
  }

  /** First pass, for a save that nobody knows the outcome of. */
  undecided({ index, invoked, call }: Op<SaveCall>): void {
    const { state } = this.#context;
    for (const event of call.events) {
      const row = state.rowOfSame(event);
      if (row !== undefined) state.noteBegun(row, index, invoked.at);
      else this.#alter(event.id);
    }
  }

  /** Between the passes. */
  finish(): void {
    const { state, violations } = this.#context;
    for (let row = 0; row < state.size; row++) {
      if (state.begun[row] !== Infinity) continue;
      const failed = this.#failed.get(row);
      if (failed) {
        const { invoked, completed } = failed;
        violations.add("failed-stored", this.#show(row), invoked, completed);
      } else if (this.#altered.has(row)) {
        violations.add("altered", this.#show(row));
      } else violations.add("phantom", this.#show(row));
    }
    state.seal();
  }

  #acknowledged(op: Ended<SaveCall>, outcome: Success): void {
    const { state, violations } = this.#context;
    const { index, invoked, completed, call } = op;
    const versions = new Map<string, number>();
    let highest = 0;
    for (const event of call.events) {
      versions.set(event.actor, event.version);
      const row = state.rowOfSame(event);
      if (row === undefined) {
        const kind = this.#alter(event.id) ? "altered" : "lost";
        violations.add(kind, show(event), invoked, completed);
        continue;
      }
      state.noteBegun(row, index, invoked.at);
      state.noteAcked(row, index, completed.at);
      highest = Math.max(highest, state.sequences[row]!);
      if (call.events.length === 1 && !outcome.duplicate) state.claims[row]!++;
    }
    if (call.events.length > 1 && !outcome.duplicate) {
      const set = setOf(call);
      this.#claims.set(set, (this.#claims.get(set) ?? 0) + 1);
    }
    const told = new Map(outcome.versions);
    const right = told.size === versions.size &&
      versions.entries().every(([actor, version]) =>
        told.get(actor) === version
      );
    if (!right) violations.add("wrong-ack", "versions", invoked, completed);
    if (highest > 0 && outcome.sequence !== highest) {
      const message = `sequence ${outcome.sequence}, stored at ${highest}`;
      violations.add("wrong-ack", message, invoked, completed);
    }
  }

  /** Notes that an id is stored as another event; false if it is not stored. */
  #alter(id: string): boolean {
    const row = this.#context.state.rowOf(id);
    if (row !== undefined) this.#altered.add(row);
    return row !== undefined;
  }

  /** Second pass, for every save: its events are stored together, or not at all. */
  judgeBatch({ call, invoked }: Op<SaveCall>): void {
    if (call.events.length < 2) return;
    const { state, violations } = this.#context;
    const rows = call.events.map((event) => state.rowOfSame(event));
    // Those that only calls with just these events were to save.
    const own = rows.filter((row) =>
      row !== undefined && state.sets[row] !== MIXED
    ) as number[];
    if (own.length === 0) return;
    const missing = rows.filter((row) => row === undefined).length;
    if (missing > 0) {
      const message = `${missing} of ${rows.length} events are not stored`;
      violations.add("torn-batch", message, invoked);
    }
    const all = new Set(rows);
    for (let i = 1; i < own.length; i++) {
      const [before, row] = [own[i - 1]!, own[i]!];
      let together = row > before && state.batches[row] !== NONE &&
        state.batches[row] === state.batches[before];
      for (let k = before + 1; k < row && together; k++) together = all.has(k);
      if (together) continue;
      const message = `${this.#show(before)} and ${this.#show(row)}`;
      violations.add("scattered-batch", message, invoked);
      return;
    }
  }

  /** Second pass, when a save has ended. */
  judge(op: Ended<SaveCall>): void {
    const outcome = op.completed.outcome as SaveOutcome;
    switch (outcome.is) {
      case "success":
        return this.#judgeSuccess(op, outcome);
      case "conflict":
        return this.#judgeConflict(op, outcome);
      case "duplicate-id":
        return this.#judgeDuplicateId(op, outcome.id);
      case "error":
        return judgeError(this.#context, outcome, op);
    }
  }

  #judgeSuccess(op: Ended<SaveCall>, { duplicate }: Success): void {
    const { state, violations, slack } = this.#context;
    const { call, invoked, completed, index } = op;
    const rows = call.events.map((event) => state.rowOfSame(event))
      .filter((row) => row !== undefined);
    for (const row of rows) {
      const actor = state.actors[state.actorOf[row]!]!;
      raiseFloor(this.#context, invoked.store, actor, state.places[row]!);
    }
    if (rows.length === 0) return;
    if (duplicate) {
      const sole = rows.find((row) => {
        const others = state.begunBy[row] === index
          ? state.begunByOther[row]!
          : state.begun[row]!;
        return others > completed.at + slack;
      });
      if (sole === undefined) return;
      const message = `nobody else had saved ${this.#show(sole)}`;
      violations.add("false-duplicate", message, invoked, completed);
      return;
    }
    const stored = rows.every((row) =>
      state.ackedBy[row] !== index && state.acked[row]! < invoked.at - slack
    );
    const claims = rows.length === 1 && call.events.length === 1
      ? state.claims[rows[0]!]!
      : Math.max(
        this.#claims.get(setOf(call)) ?? 0,
        rows.every((row) => state.claims[row]! > 0) ? 2 : 0,
      );
    if (!stored && claims < 2) return;
    const message = `somebody else stored ${this.#show(rows[0]!)}`;
    violations.add("false-duplicate", message, invoked, completed);
  }

  #judgeConflict(op: Ended<SaveCall>, outcome: Conflict): void {
    const { state, violations, slack } = this.#context;
    const { call, invoked, completed } = op;
    const { actor, attempted, current } = outcome;
    const wrong = (message: string) =>
      violations.add("false-conflict", message, invoked, completed);
    const own = call.events.filter((event) => event.actor === actor);
    if (!own.some(({ version }) => version === attempted)) {
      return wrong(`version ${attempted} of ${actor} was not to be saved`);
    }
    const expected = new Map(call.expected).get(actor);
    if (attempted > current && (expected ?? current) === current) {
      return wrong(`nothing is wrong with ${attempted} after ${current}`);
    }
    const rows = state.rowsOfActor(actor);
    const place = current === 0 ? -1 : state.placeOf(rows, current);
    if (place >= 0) {
      const row = rows[place];
      if (row === undefined || state.versions[row] !== current) {
        return wrong(`${actor} was never at version ${current}`);
      }
      if (state.begun[row]! > completed.at + slack) {
        return wrong(`${actor} was not yet at version ${current}`);
      }
      raiseFloor(this.#context, invoked.store, actor, place);
    }
    if (rows.length === 0 || mayLag(this.#context, invoked.at, completed.at)) {
      return;
    }
    const index = state.actorOf[rows[0]!]!;
    const least = state.placeAckedBefore(index, invoked.at - slack);
    if (place < least) {
      const row = rows[least]!;
      wrong(
        `${actor} was past version ${current}: ${
          this.#show(row)
        } was acknowledged`,
      );
    }
  }

  #judgeDuplicateId(op: Ended<SaveCall>, id: string): void {
    const { state, violations } = this.#context;
    const { call, invoked, completed } = op;
    const events = call.events.filter((event) => event.id === id);
    const taken = state.rowOf(id) !== undefined &&
      state.rowOfSame(events[0] ?? call.events[0]!) === undefined;
    if (events.length > 1 || (events.length === 1 && taken)) return;
    violations.add("false-duplicate-id", id, invoked, completed);
  }

  #show(row: number): string {
    const { state } = this.#context;
    return `version ${state.versions[row]} of ${
      state.actors[state.actorOf[row]!]
    } (id ${state.ids[row]}) at sequence ${state.sequences[row]}`;
  }
}

/** The same number for calls of the same events, 0 for a single one. */
function setOf({ events }: SaveCall): number {
  return events.length === 1
    ? 0
    : hash53(events.map(({ id }) => id).join("\n"));
}

function show(
  { id, actor, version }: { id: string; actor: string; version: number },
): string {
  return `version ${version} of ${actor} (id ${id})`;
}
