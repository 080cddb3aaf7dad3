import fc from "fast-check";
import { type Step, step } from "./_history_steps.ts";
import {
  type ActorVersion,
  type EventRef,
  type FinalEvent,
  hash53,
  type HistoryRecord,
  type Outcome,
  type SaveCall,
  type SaveOutcome,
} from "../../support/history/records.ts";

/** A history and what is stored in the end. */
export interface History {
  readonly records: HistoryRecord[];
  readonly final: FinalEvent[];
}

/** Histories of a store that keeps every promise. */
export function goodHistory(size: number): fc.Arbitrary<History> {
  return fc.array(step, { minLength: size / 2, maxLength: size })
    .map((steps) => new Model().run(steps));
}

/** Stores 0 to 2 live; 3 is killed, so that its calls never end. */
const DOOMED = 3;

const nameOf = (actor: number) => actor === 3 ? "b.3" : `a.${actor}`;
const storeOf = (store: number) => `store-${store}`;

class Model {
  readonly #log: FinalEvent[] = [];
  readonly #records: HistoryRecord[] = [];
  readonly #agenda: { at: number; run: (at: number) => void }[] = [];
  readonly #floors = new Map<string, number>();
  readonly #saved: SaveCall[] = [];
  #ops = 0;
  #ids = 0;

  run(steps: readonly Step[]): History {
    for (const [i, step] of steps.entries()) {
      this.#plan(i * 5, (at) => this.#begin(step, at));
    }
    const end = steps.length * 5 + 100;
    this.#follow(0, end, 0, 0, {});
    this.#follow(end / 3, end, 1, 0, { actors: "a.*", types: ["T0", "T1"] });
    this.#follow(end / 2, end, 2, "end", { actors: ">" });
    this.#plan(end / 2, (at) => this.#readAll(at));
    while (this.#agenda.length > 0) {
      this.#agenda.sort((a, b) => b.at - a.at);
      const { at, run } = this.#agenda.pop()!;
      run(at);
    }
    this.#note({ kind: "killed", store: storeOf(DOOMED), at: end + 1 });
    return { records: this.#records, final: this.#log };
  }

  #plan(at: number, run: (at: number) => void): void {
    this.#agenda.push({ at: at + this.#agenda.length * 1e-6, run });
  }

  #note(record: HistoryRecord): void {
    this.#records.push(record);
  }

  #history(actor: string): FinalEvent[] {
    return this.#log.filter((event) => event.actor === actor);
  }

  #latest(actor: string): number {
    return this.#history(actor).at(-1)?.version ?? 0;
  }

  #begin(step: Step, at: number): void {
    const { kind, store, delays } = step;
    const op = `${storeOf(store)}#${this.#ops++}`;
    const head = { kind: "invoke", op, store: storeOf(store), at } as const;
    const counts = at + 1 + delays[0];
    if (kind === "read" || kind === "latest") {
      const actor = nameOf(step.actor);
      const consistency = step.expects ? "strong" : "eventual";
      const bounds = kind === "latest" ? {} : {
        from: step.choice % 4,
        ...(step.choice % 3 === 0 && { limit: step.count }),
        ...(step.choice % 5 === 0 && { to: step.count * 3 }),
        backward: step.gap > 1,
      };
      const call = kind === "latest"
        ? { name: "getLatestVersion" as const, actor, consistency } as const
        : { name: "read" as const, actor, consistency, ...bounds } as const;
      this.#note({ ...head, call });
      const floor = this.#floors.get(`${store} ${actor}`) ?? 0;
      this.#plan(counts, (now) => {
        const seen = this.#seen(step, actor, floor);
        this.#end(now, op, step, this.#answer(kind, bounds, seen), () => {
          this.#raise(store, actor, seen.length);
        });
      });
      return;
    }
    const call = this.#call(step);
    this.#saved.push(call);
    this.#note({ ...head, call });
    this.#plan(counts, (now) => {
      const lost = step.fate === "unknown" && step.choice % 2 === 0;
      const outcome = lost ? undefined : this.#save(call, op);
      const told: SaveOutcome = step.fate === "unknown"
        ? { is: "unknown", message: "" }
        : outcome!;
      this.#end(now, op, step, told, () => {
        const seen = told.is === "success"
          ? call.events
          : told.is === "conflict"
          ? [{ actor: told.actor, version: told.current }]
          : [];
        for (const { actor, version } of seen) {
          const place = this.#history(actor)
            .findIndex((event) => event.version === version);
          this.#raise(store, actor, place + 1);
        }
      });
    });
  }

  #end(
    at: number,
    op: string,
    { store, delays }: Step,
    outcome: Outcome,
    then: () => void,
  ): void {
    if (store === DOOMED) return;
    this.#plan(at + 1 + delays[1], (at) => {
      this.#note({ kind: "complete", op, at, outcome });
      then();
    });
  }

  #raise(store: number, actor: string, length: number): void {
    const key = `${store} ${actor}`;
    this.#floors.set(key, Math.max(this.#floors.get(key) ?? 0, length));
  }

  #call({ kind, actor, count, gap, expects, choice }: Step): SaveCall {
    const earlier = this.#saved[choice % Math.max(1, this.#saved.length)];
    if (kind === "again" && earlier) return earlier;
    const many = kind === "batch" ? count : 1;
    const events: EventRef[] = [];
    const expected: ActorVersion[] = [];
    for (let i = 0; i < many; i++) {
      const name = nameOf(i % 3 === 2 ? (actor + 1) % 4 : actor);
      const before = events.findLast((event) => event.actor === name);
      const latest = before?.version ?? this.#latest(name);
      if (!before && expects) expected.push([name, latest]);
      const id = kind === "taken" && earlier
        ? earlier.events[0]!.id
        : `id-${this.#ids++}`;
      const version = latest + gap;
      const print = hash53(`${id} ${name} ${version}`);
      events.push({ id, actor: name, version, print });
    }
    const name = kind === "batch" ? "saveEvents" : "saveEvent";
    return { name, events, expected };
  }

  #save({ events, expected }: SaveCall, op: string): SaveOutcome {
    const stored = (id: string) => this.#log.find((each) => each.id === id);
    for (const event of events) {
      const twin = stored(event.id);
      if (twin && twin.print !== event.print) {
        return { is: "duplicate-id", id: event.id };
      }
    }
    const actors = new Map<string, number>();
    const fresh: EventRef[] = [];
    for (const event of events) {
      const { actor, version, id } = event;
      const first = !actors.has(actor);
      actors.set(actor, version);
      const current = this.#latest(actor);
      const before = stored(id)
        ? this.#history(actor).filter((each) => each.version < version).at(-1)
          ?.version ?? 0
        : current;
      const wanted = first ? new Map(expected).get(actor) ?? before : before;
      if (wanted !== before || (!stored(id) && version <= current)) {
        return { is: "conflict", actor, attempted: version, current };
      }
      if (!stored(id)) fresh.push(event);
    }
    const batch = fresh.length > 1 ? op : undefined;
    for (const event of fresh) {
      const sequence = this.#log.length + 1;
      const type = `T${event.version % 3}`;
      this.#log.push({ ...event, sequence, type, ...(batch && { batch }) });
    }
    const sequence = Math.max(
      ...events.map(({ id }) => stored(id)!.sequence),
    );
    const versions = [...actors];
    const duplicate = fresh.length === 0;
    return { is: "success", versions, sequence, duplicate };
  }

  /** What a read sees: an eventual one perhaps less than there is. */
  #seen({ expects, choice }: Step, actor: string, floor: number): FinalEvent[] {
    const all = this.#history(actor);
    if (expects) return all;
    let length = floor + choice % (all.length - floor + 1);
    while (length > 0 && all[length - 1]!.batch !== undefined) {
      if (all[length - 1]!.batch !== all[length]?.batch) break;
      length++;
    }
    return all.slice(0, length);
  }

  #answer(
    kind: "read" | "latest",
    { from = 0, to = Infinity, limit = Infinity, backward = false }: {
      from?: number;
      to?: number;
      limit?: number;
      backward?: boolean;
    },
    seen: readonly FinalEvent[],
  ): Outcome {
    if (kind === "latest") {
      return { is: "version", version: seen.at(-1)?.version ?? 0 };
    }
    const events = seen.filter(({ version }) =>
      version >= from && version <= to
    );
    if (backward) events.reverse();
    if (events.length > limit) events.length = limit;
    return {
      is: "events",
      versions: events.map(({ version }) => version),
      prints: events.map(({ print }) => print),
    };
  }

  /** A live subscription, which delivers what is stored every ten moments. */
  #follow(
    from: number,
    end: number,
    store: number,
    after: 0 | "end",
    filter: { actors?: string; types?: string[] },
  ): void {
    const op = `${storeOf(store)}#sub-${from}`;
    let passed = 0;
    const deliver = (at: number) => {
      const items = this.#log.slice(passed)
        .filter(({ actor, type }) =>
          (filter.actors !== "a.*" || actor.startsWith("a.")) &&
          (filter.types?.includes(type) ?? true)
        )
        .map(({ sequence, print }) => [sequence, print] as const);
      passed = this.#log.length;
      if (items.length > 0) this.#note({ kind: "deliver", op, at, items });
    };
    this.#plan(from, (at) => {
      const call = { name: "subscribe", after, ...filter, live: true } as const;
      this.#note({ kind: "invoke", op, store: storeOf(store), at, call });
      if (after === "end") passed = this.#log.length;
      else deliver(at + 0.1);
      const position = this.#log.length;
      this.#note({ kind: "caught-up", op, at: at + 0.2, position });
    });
    for (let at = from + 10; at < end; at += 10) this.#plan(at, deliver);
    this.#plan(end, (at) => {
      deliver(at);
      const outcome = { is: "closed", position: this.#log.length } as const;
      this.#note({ kind: "complete", op, at, outcome });
    });
  }

  /** A subscription to what there is. */
  #readAll(at: number): void {
    const [op, store] = ["store-0#all", storeOf(0)];
    const call = { name: "subscribe", after: 0, live: false } as const;
    this.#note({ kind: "invoke", op, store, at, call });
    const items = this.#log.map(({ sequence, print }) =>
      [sequence, print] as const
    );
    this.#note({ kind: "deliver", op, at: at + 0.1, items });
    const outcome = { is: "closed", position: items.length } as const;
    this.#note({ kind: "complete", op, at: at + 0.2, outcome });
  }
}
