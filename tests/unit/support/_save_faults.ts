import {
  add,
  append,
  change,
  ended,
  endOf,
  eventsOf,
  fault,
  fresh,
  freshBatches,
  histories,
  isSole,
  type PlantedFault,
  remove,
  some,
  strongRead,
} from "./_planting.ts";
import type { ActorVersion, SaveCall } from "../../support/history/records.ts";

const shared = { alone: false };

/** Faults of what is stored and of what saves were told. */
export const saveFaults: readonly PlantedFault[] = [
  fault(
    "lost",
    "an acknowledged event is gone",
    some(fresh, ({ invoked }, { final }) => {
      const { id } = invoked.call.events[0]!;
      remove(final, final.find((event) => event.id === id)!);
    }),
    shared,
  ),
  fault(
    "twice",
    "an event is there again at the end",
    some(({ final }) => final, (event, history) => append(history, event)),
    shared,
  ),
  fault(
    "hole",
    "a sequence is left out",
    some(({ final }) => final, ({ sequence: from }, { final }) => {
      for (const event of final) {
        const { sequence } = event;
        if (sequence >= from) change(event, { sequence: sequence + 1 });
      }
    }),
    shared,
  ),
  fault(
    "disorder",
    "a version is lower than the one before",
    some((history) => histories(history, 2), ([first, second]) => {
      const { version } = first!;
      change(first!, { version: second!.version });
      change(second!, { version });
    }),
    shared,
  ),
  fault(
    "altered",
    "an event has other data than was saved",
    some(({ final }) => final, (event) => {
      change(event, { print: event.print + 1 });
    }),
    shared,
  ),
  fault(
    "phantom",
    "an event is there that nobody saved",
    (history) => {
      const event = { id: "phantom", actor: "phantom", version: 1, print: 0 };
      append(history, { ...event, type: "T0" });
      return true;
    },
  ),
  fault(
    "failed-stored",
    "what a conflict refused is there",
    some(
      (history) => ended(history, "conflict").filter(isSole(history)),
      (save, history) => {
        append(history, { ...save.invoked.call.events[0]!, type: "T0" });
      },
    ),
    shared,
  ),
  fault(
    "wrong-ack",
    "a sequence is one too high",
    some((history) => ended(history, "success"), ({ completed }) => {
      const { sequence } = completed.outcome;
      change(completed.outcome, { sequence: sequence + 1 });
    }),
  ),
  fault(
    "wrong-ack",
    "a version is one too high",
    some((history) => ended(history, "success"), ({ completed }) => {
      const { versions } = completed.outcome;
      const [[actor, version], ...rest] = [...versions] as [ActorVersion];
      change(completed.outcome, { versions: [[actor, version + 1], ...rest] });
    }),
  ),
  fault(
    "torn-batch",
    "the last event of a batch of unknown outcome is not there",
    some(
      (history) => freshBatches(history, "unknown"),
      ({ rows }, { final }) => {
        remove(final, rows.at(-1)!);
      },
    ),
    shared,
  ),
  fault(
    "torn-batch",
    "the last event of an acknowledged batch is not there",
    some(
      (history) => freshBatches(history, "success"),
      ({ rows }, { final }) => {
        remove(final, rows.at(-1)!);
      },
    ),
    shared,
  ),
  fault(
    "scattered-batch",
    "another event is between those of a batch",
    some(
      (history) =>
        freshBatches(history, "success").filter(({ rows }) =>
          rows.at(-1) !== history.final.at(-1)
        ),
      ({ rows }, { final }) => {
        const at = final.indexOf(rows.at(-1)!);
        const [a, b] = [final[at]!, final[at + 1]!];
        const [low, high] = [a.sequence, b.sequence];
        final.splice(
          at,
          2,
          { ...b, sequence: low },
          { ...a, sequence: high },
        );
      },
    ),
    shared,
  ),
  fault(
    "scattered-batch",
    "a batch was stored in two",
    some((history) => freshBatches(history, "success"), ({ rows }) => {
      change(rows.at(-1)!, { batch: "another" });
    }),
  ),
  fault(
    "half-batch",
    "a read ends within a batch",
    some(
      (history) =>
        histories(history, 2).flatMap((rows) =>
          rows.slice(1).flatMap((row, i) =>
            row.batch !== undefined && rows[i]!.batch === row.batch
              ? [rows.slice(0, i + 1)]
              : []
          )
        ),
      (rows, history) => {
        const call = strongRead(rows[0]!.actor);
        add(history, "new", [-1, endOf(history)], call, eventsOf(rows));
      },
    ),
  ),
  fault(
    "false-conflict",
    "nothing stood against the version",
    some(
      (history) => histories(history, 1),
      (rows, history) => {
        const { actor, version } = rows.at(-1)!;
        const attempted = version + 1;
        const event = { id: "new", actor, version: attempted, print: 0 };
        const call = { name: "saveEvent", events: [event], expected: [] };
        const at = endOf(history);
        add(history, "new", [at, at + 1], call as SaveCall, {
          is: "conflict",
          actor,
          attempted,
          current: version,
        });
      },
    ),
  ),
  fault(
    "false-conflict",
    "the actor was known to be further",
    some(
      (history) =>
        fresh(history).filter(({ invoked, completed }) =>
          completed.at < endOf(history) && invoked.call.events[0]!.version > 1
        ),
      ({ invoked }, history) => {
        const { actor } = invoked.call.events[0]!;
        const event = { id: "new", actor, version: 1, print: 0 };
        const expected = [[actor, 7]];
        const call = { name: "saveEvent", events: [event], expected };
        const at = endOf(history);
        const outcome = { actor, attempted: 1, current: 0 } as const;
        add(history, "new", [at, at + 1], call as unknown as SaveCall, {
          is: "conflict",
          ...outcome,
        });
      },
    ),
  ),
  fault(
    "false-conflict",
    "the actor was not yet there",
    some((history) => histories(history, 1), ([first], history) => {
      const { actor, version } = first!;
      const event = { id: "new", actor, version, print: 0 };
      const call = { name: "saveEvent", events: [event], expected: [] };
      add(history, "new", [-10, -9], call as SaveCall, {
        is: "conflict",
        actor,
        attempted: version,
        current: version,
      });
    }),
  ),
  fault(
    "false-conflict",
    "the actor never was at that version",
    some((history) => ended(history, "conflict"), ({ completed }) => {
      change(completed.outcome, { current: 1_000_000 });
    }),
  ),
  fault(
    "false-duplicate",
    "what was new is said to be stored before",
    some(fresh, ({ completed }) => {
      change(completed.outcome, { duplicate: true });
    }),
  ),
  fault(
    "false-duplicate",
    "what was stored before is said to be new",
    some(
      (history) =>
        ended(history, "success").filter(({ completed }) =>
          completed.outcome.duplicate
        ).filter((one) =>
          ended(history, "success").some((other) =>
            other.completed.at < one.invoked.at &&
            one.invoked.call.events.every(({ id }) =>
              other.invoked.call.events.some((event) => event.id === id)
            )
          )
        ),
      ({ completed }) => change(completed.outcome, { duplicate: false }),
    ),
  ),
  fault(
    "false-duplicate-id",
    "an id was free",
    some((history) => fresh(history), ({ completed, invoked }, history) => {
      const id = "free";
      const event = { ...invoked.call.events[0]!, id };
      const at = completed.at;
      const call = { ...invoked.call, events: [event] };
      add(history, "new", [at, at + 1], call, { is: "duplicate-id", id });
    }),
  ),
];
