import type {
  Completed,
  Delivered,
  FinalEvent,
  Invoked,
  Outcome,
  ReadCall,
  SaveCall,
  SaveOutcome,
} from "../../support/history/records.ts";
import type { ViolationKind } from "../../support/history/violations.ts";
import type { History } from "./_history_model.ts";

/** A way to spoil a history. */
export interface PlantedFault {
  readonly kind: ViolationKind;
  readonly what: string;
  /** Whether it breaks no other promise as well. */
  readonly alone: boolean;
  /** Spoils it, or says that it has no place to do so. */
  plant(history: History, pick: <T>(list: readonly T[]) => T): boolean;
}

/** A call and how it ended. */
export interface Done<C, O> {
  readonly invoked: Invoked & { readonly call: C };
  readonly completed: Completed & { readonly outcome: O };
}

type Is<K extends Outcome["is"]> = Extract<Outcome, { is: K }>;

/** What ends in a way. */
type Of<K extends Outcome["is"]> = K extends SaveOutcome["is"] ? SaveCall
  : ReadCall;

/** All calls that ended in a way. */
export function ended<K extends Outcome["is"]>(
  { records }: History,
  is: K,
): Done<Of<K>, Is<K>>[] {
  const open = new Map<string, Invoked>();
  const done: Done<Of<K>, Is<K>>[] = [];
  for (const record of records) {
    if (record.kind === "invoke") open.set(record.op, record);
    else if (record.kind === "complete" && record.outcome.is === is) {
      const invoked = open.get(record.op)!;
      done.push({ invoked, completed: record } as Done<Of<K>, Is<K>>);
    }
  }
  return done;
}

/** How often an id was to be saved. */
export function attempts({ records }: History, id: string): number {
  return records.filter((record) =>
    record.kind === "invoke" && "events" in record.call &&
    record.call.events.some((event) => event.id === id)
  ).length;
}

/** Whether nobody else was to save what a save was to. */
export const isSole =
  (history: History) =>
  ({ invoked }: { invoked: { call: SaveCall } }): boolean =>
    invoked.call.events.every(({ id }) => attempts(history, id) === 1);

/** Single saves that stored an event nobody else was to save. */
export function fresh(history: History): Done<SaveCall, Is<"success">>[] {
  return ended(history, "success").filter(isSole(history))
    .filter(({ invoked }) => invoked.call.events.length === 1);
}

/** Batches that stored what nobody else was to save. */
export function freshBatches(
  history: History,
  is: "success" | "unknown",
): { invoked: Invoked & { call: SaveCall }; rows: FinalEvent[] }[] {
  return ended(history, is).filter(isSole(history)).map(({ invoked }) => ({
    invoked,
    rows: history.final.filter(({ id }) =>
      invoked.call.events.some((event) => event.id === id)
    ),
  })).filter(({ rows }) => rows.length > 1);
}

/** Changes some of an object. */
export function change<T extends object>(object: T, changes: Partial<T>): void {
  Object.assign(object, changes);
}

/** Takes an item out of a list. */
export function remove<T>(list: T[], item: T): void {
  list.splice(list.indexOf(item), 1);
}

/** When all is over. */
export const endOf = ({ records }: History): number => records.at(-1)!.at + 10;

/** Stores one event more. */
export function append(
  { final }: History,
  event: Omit<FinalEvent, "sequence">,
): void {
  final.push({ ...event, sequence: final.at(-1)!.sequence + 1 });
}

/** Adds a call to a history. */
export function add(
  { records }: History,
  store: string,
  [from, to]: readonly [number, number],
  call: Invoked["call"],
  outcome: Outcome,
): void {
  const op = `added-${records.length}`;
  records.push(
    { kind: "invoke", op, store, at: from, call },
    { kind: "complete", op, at: to, outcome },
  );
}

/** A read that saw these. */
export const eventsOf = (rows: readonly FinalEvent[]): Outcome => ({
  is: "events",
  versions: rows.map(({ version }) => version),
  prints: rows.map(({ print }) => print),
});

/** A read of all there is. */
export const strongRead = (actor: string): ReadCall => ({
  name: "read",
  actor,
  consistency: "strong",
});

/** Actors with at least so many events. */
export function histories({ final }: History, least: number): FinalEvent[][] {
  return [...Map.groupBy(final, ({ actor }) => actor).values()]
    .filter((rows) => rows.length >= least);
}

/** What subscriptions delivered. */
export function deliveries({ records }: History): Delivered[] {
  return records.filter((record) => record.kind === "deliver");
}

/** A fault that may be planted. */
export function fault(
  kind: ViolationKind,
  what: string,
  plant: PlantedFault["plant"],
  { alone = true }: { alone?: boolean } = {},
): PlantedFault {
  return { kind, what, plant, alone };
}

/** Takes one of a list, if it has any, and spoils it. */
export function some<T>(
  find: (history: History) => readonly T[],
  spoil: (item: T, history: History) => void,
): PlantedFault["plant"] {
  return (history, pick) => {
    const list = find(history);
    if (list.length === 0) return false;
    spoil(pick(list), history);
    return true;
  };
}
