import {
  add,
  change,
  deliveries,
  ended,
  endOf,
  eventsOf,
  fault,
  fresh,
  histories,
  type PlantedFault,
  remove,
  some,
  strongRead,
} from "./_planting.ts";
import type {
  Delivered,
  Invoked,
  Outcome,
} from "../../support/history/records.ts";

type Delivery = Delivered["items"][number];

/** Faults of reads and subscriptions, and of calls in general. */
export const readFaults: readonly PlantedFault[] = [
  fault(
    "unstored",
    "a read shows another event",
    some(
      (history) =>
        ended(history, "events").filter(({ completed }) =>
          completed.outcome.prints.length > 0
        ),
      ({ completed }) => {
        const [first, ...rest] = completed.outcome.prints;
        change(completed.outcome, { prints: [first! + 1, ...rest] });
      },
    ),
  ),
  fault(
    "unstored",
    "a version was never stored",
    some((history) => ended(history, "version"), ({ completed }) => {
      change(completed.outcome, { version: 1_000_000 });
    }),
  ),
  fault(
    "early",
    "a read shows what nobody has saved yet",
    some((history) => histories(history, 1), (rows, history) => {
      const end = rows.findIndex((row, i) =>
        row.batch === undefined || row.batch !== rows[i + 1]?.batch
      );
      const seen = eventsOf(rows.slice(0, end + 1));
      add(history, "new", [-10, -9], strongRead(rows[0]!.actor), seen);
    }),
  ),
  fault(
    "gap",
    "a read leaves out an event",
    some(
      (history) =>
        ended(history, "events").filter(({ completed }) =>
          completed.outcome.versions.length > 2
        ),
      ({ completed }) => {
        const { versions, prints } = completed.outcome;
        change(completed.outcome, {
          versions: versions.toSpliced(1, 1),
          prints: prints.toSpliced(1, 1),
        });
      },
    ),
  ),
  fault(
    "stale",
    "a read knows nothing of what was acknowledged",
    some(fresh, ({ invoked }, history) => {
      const { actor } = invoked.call.events[0]!;
      const at = endOf(history);
      add(history, "new", [at, at + 1], strongRead(actor), eventsOf([]));
    }),
  ),
  fault(
    "stale",
    "a subscription ends before what was acknowledged",
    some(fresh, (_, history) => {
      const at = endOf(history);
      const call = { name: "subscribe", after: 0, live: false } as const;
      const outcome = { is: "closed", position: 0 } as const;
      add(history, "new", [at, at + 1], call, outcome);
    }),
  ),
  fault(
    "went-back",
    "a store forgets what it had read",
    some((history) => histories(history, 1), (rows, history) => {
      const at = endOf(history);
      const { actor } = rows[0]!;
      add(history, "new", [at, at + 1], strongRead(actor), eventsOf(rows));
      const call = { name: "getLatestVersion", actor } as const;
      const eventual = { ...call, consistency: "eventual" } as const;
      const outcome = { is: "version", version: 0 } as const;
      add(history, "new", [at + 2, at + 3], eventual, outcome);
    }),
  ),
  fault(
    "skipped",
    "a delivery is left out",
    some(deliveries, (record) => {
      change(record, { items: record.items.slice(1) });
    }),
  ),
  fault(
    "repeated",
    "an event is delivered again",
    some(deliveries, (record) => {
      change(record, { items: [...record.items, record.items[0]!] });
    }),
  ),
  fault(
    "misdelivered",
    "another event is delivered",
    some(deliveries, (record) => {
      const [[sequence, print], ...rest] = [...record.items] as [Delivery];
      change(record, { items: [[sequence, print + 1], ...rest] });
    }),
  ),
  fault(
    "misdelivered",
    "an event is delivered that the filter leaves out",
    some(({ final }) => final, ({ sequence, print }, history) => {
      const at = endOf(history);
      const [op, store] = ["filtered", "new"];
      const call = { name: "subscribe", after: 0, actors: "c.*", live: true };
      const outcome = { is: "closed", position: 0 } as const;
      history.records.push(
        { kind: "invoke", op, store, at, call: call as Invoked["call"] },
        { kind: "deliver", op, at, items: [[sequence, print]] },
        { kind: "complete", op, at, outcome },
      );
    }),
  ),
  fault(
    "no-outcome",
    "a call never ends",
    some(
      (history) => ended(history, "events"),
      ({ completed }, { records }) => {
        remove(records, completed);
      },
    ),
  ),
  fault(
    "unexpected",
    "a read fails",
    some((history) => ended(history, "events"), ({ completed }) => {
      const outcome = { is: "error", name: "Error", message: "" } as const;
      change(completed as { outcome: Outcome }, { outcome });
    }),
  ),
];
