import type { EventRef, FinalEvent } from "./records.ts";
import type { Violations } from "./violations.ts";

/** No batch, no call. */
export const NONE = -1;

/** Different calls were to save an event together with different ones. */
export const MIXED = -2;

/**
 * What is stored when all is over, and what the history says of it: columns,
 * a row an event in stream order, so that a million of them fit.
 */
export class FinalState {
  readonly sequences: number[] = [];
  readonly versions: number[] = [];
  readonly prints: number[] = [];
  readonly ids: string[] = [];
  /** Places in {@linkcode actors}. */
  readonly actorOf: number[] = [];
  /** Places among the rows of the actor. */
  readonly places: number[] = [];
  /** The same number for rows of one batch. */
  readonly batches: number[] = [];
  readonly types: string[] = [];
  /** Names of actors. */
  readonly actors: string[] = [];
  /** Rows of each actor. */
  readonly rowsOf: number[][] = [];
  /** Which events were to be saved together with it; see {@linkcode MIXED}. */
  readonly sets: number[] = [];
  /** When the first call began that may have stored it, and which that was. */
  readonly begun: number[] = [];
  readonly begunBy: number[] = [];
  /** When the first other such call began. */
  readonly begunByOther: number[] = [];
  /** When it was first acknowledged, and by which call. */
  readonly acked: number[] = [];
  readonly ackedBy: number[] = [];
  /** Calls of one event that claim to have stored it. */
  readonly claims: number[] = [];
  readonly #rows = new Map<string, number>();
  readonly #actorIndex = new Map<string, number>();
  readonly #batchIndex = new Map<string, number>();
  /** For each row, and of each actor: the earliest `acked` from there on. */
  #ackedFrom: Float64Array = new Float64Array();
  #ackedFromOf: Float64Array[] = [];

  /** How many events there are. */
  get size(): number {
    return this.ids.length;
  }

  /** Takes all events, in stream order. */
  async load(
    events: Iterable<FinalEvent> | AsyncIterable<FinalEvent>,
    { contiguous }: { contiguous: boolean },
    violations: Violations,
  ): Promise<void> {
    for await (const event of events) this.#add(event, contiguous, violations);
  }

  #add(
    { id, actor, version, print, sequence, type, batch }: FinalEvent,
    contiguous: boolean,
    violations: Violations,
  ): void {
    const row = this.ids.length;
    const what = `version ${version} of ${actor} (id ${id})`;
    const before = this.sequences.at(-1) ?? 0;
    if (sequence <= before) {
      violations.add("disorder", `${what}: ${sequence} follows ${before}`);
    } else if (contiguous && sequence !== before + 1) {
      violations.add("hole", `${what}: ${sequence} follows ${before}`);
    }
    const twin = this.#rows.get(id);
    if (twin !== undefined) {
      const first = this.sequences[twin];
      violations.add("twice", `${what} is at ${first} and ${sequence}`);
    } else this.#rows.set(id, row);
    const index = intern(this.#actorIndex, actor);
    if (index === this.actors.length) {
      this.actors.push(actor);
      this.rowsOf.push([]);
    }
    const rows = this.rowsOf[index]!;
    const last = rows.length === 0 ? 0 : this.versions[rows.at(-1)!]!;
    if (version <= last) {
      violations.add("disorder", `${what} at ${sequence} follows ${last}`);
    }
    this.ids.push(id);
    this.sequences.push(sequence);
    this.versions.push(version);
    this.prints.push(print);
    this.types.push(type);
    this.actorOf.push(index);
    this.places.push(rows.length);
    this.batches.push(
      batch === undefined ? NONE : intern(this.#batchIndex, batch),
    );
    rows.push(row);
    this.sets.push(NONE);
    this.begun.push(Infinity);
    this.begunBy.push(NONE);
    this.begunByOther.push(Infinity);
    this.acked.push(Infinity);
    this.ackedBy.push(NONE);
    this.claims.push(0);
  }

  /** The row of an id. */
  rowOf(id: string): number | undefined {
    return this.#rows.get(id);
  }

  /** The row of an event, unless what is stored under its id is another one. */
  rowOfSame({ id, actor, version, print }: EventRef): number | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    const same = this.versions[row] === version &&
      this.prints[row] === print && this.actors[this.actorOf[row]!] === actor;
    return same ? row : undefined;
  }

  /** The place of an actor in {@linkcode actors}. */
  actorIndex(actor: string): number | undefined {
    return this.#actorIndex.get(actor);
  }

  /** The rows of an actor; none if it has no events. */
  rowsOfActor(actor: string): readonly number[] {
    const index = this.#actorIndex.get(actor);
    return index === undefined ? [] : this.rowsOf[index]!;
  }

  /** The first place among an actor's rows whose version is at least this. */
  placeOf(rows: readonly number[], version: number): number {
    return lowerBound(rows.length, (i) => this.versions[rows[i]!]! >= version);
  }

  /** The first row behind a sequence. */
  rowAfter(sequence: number): number {
    return lowerBound(this.size, (i) => this.sequences[i]! > sequence);
  }

  /** Whether a row and the next one of these belong to one batch. */
  splits(row: number | undefined, next: number | undefined): boolean {
    if (row === undefined || next === undefined) return false;
    const batch = this.batches[row]!;
    return batch !== NONE && batch === this.batches[next];
  }

  /** Notes that a call tried to save a row together with a set of events. */
  noteSet(row: number, set: number): void {
    const known = this.sets[row]!;
    this.sets[row] = known === NONE || known === set ? set : MIXED;
  }

  /** Notes that a call which began then may have stored a row. */
  noteBegun(row: number, op: number, at: number): void {
    if (op === this.begunBy[row]) return;
    if (at < this.begun[row]!) {
      this.begunByOther[row] = this.begun[row]!;
      this.begun[row] = at;
      this.begunBy[row] = op;
    } else if (at < this.begunByOther[row]!) this.begunByOther[row] = at;
  }

  /** Notes that a call acknowledged a row. */
  noteAcked(row: number, op: number, at: number): void {
    if (at >= this.acked[row]!) return;
    this.acked[row] = at;
    this.ackedBy[row] = op;
  }

  /** To be called when all acknowledgements are noted. */
  seal(): void {
    this.#ackedFrom = minimaFrom(this.acked);
    this.#ackedFromOf = this.rowsOf.map((rows) =>
      minimaFrom(rows.map((row) => this.acked[row]!))
    );
  }

  /** The highest place of an actor acknowledged to anyone before; -1 if none. */
  placeAckedBefore(actor: number, at: number): number {
    const minima = this.#ackedFromOf[actor]!;
    return lowerBound(minima.length, (i) => minima[i]! >= at) - 1;
  }

  /** The highest row acknowledged to anyone before; -1 if none. */
  rowAckedBefore(at: number): number {
    const minima = this.#ackedFrom;
    return lowerBound(minima.length, (i) => minima[i]! >= at) - 1;
  }
}

function intern(index: Map<string, number>, key: string): number {
  const known = index.get(key);
  if (known !== undefined) return known;
  index.set(key, index.size);
  return index.size - 1;
}

/** The least value at or behind each place: they never fall. */
function minimaFrom(values: readonly number[]): Float64Array {
  const minima = new Float64Array(values.length);
  let least = Infinity;
  for (let i = values.length - 1; i >= 0; i--) {
    least = Math.min(least, values[i]!);
    minima[i] = least;
  }
  return minima;
}

/** The first of 0 to count - 1 that is so, given that all behind it are. */
export function lowerBound(
  count: number,
  isSo: (i: number) => boolean,
): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
