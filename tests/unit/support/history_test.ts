import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  checkHistory,
  type CheckOptions,
} from "../../support/history/checker.ts";
import {
  type ViolationKind,
  violationKinds,
} from "../../support/history/violations.ts";
import { goodHistory, type History } from "./_history_model.ts";
import { readFaults } from "./_read_faults.ts";
import { saveFaults } from "./_save_faults.ts";

const plantedFaults = [...saveFaults, ...readFaults];

async function kindsOf(
  { records, final }: History,
  options?: CheckOptions,
): Promise<string[]> {
  const { violations } = await checkHistory(records, final, options);
  return [...new Set(violations.map(({ kind }) => kind))];
}

Deno.test("checkHistory() finds nothing in an empty history", async () => {
  const report = await checkHistory([], []);
  assertEquals(report.violations, []);
  assertEquals(report.stored, 0);
});

Deno.test("checkHistory() finds nothing in a good history", async () => {
  await fc.assert(
    fc.asyncProperty(goodHistory(120), async (history) => {
      const { violations } = await checkHistory(history.records, history.final);
      assertEquals(violations, []);
    }),
    { numRuns: 60 },
  );
});

Deno.test("good histories have calls that end in every way", async () => {
  const seen = new Set<string>();
  for (const { records, final } of fc.sample(goodHistory(120), 20)) {
    const { outcomes } = await checkHistory(records, final);
    for (const name of outcomes.keys()) seen.add(name);
  }
  const saved = ["success", "duplicate", "conflict", "duplicate-id", "unknown"]
    .flatMap((how) => [`saveEvent ${how}`, `saveEvents ${how}`]);
  const wanted = [
    ...saved.filter((name) => name !== "saveEvents duplicate-id"),
    "saveEvent killed",
    "saveEvents killed",
    "read events",
    "getLatestVersion version",
    "subscribe closed",
  ];
  assertEquals(wanted.filter((name) => !seen.has(name)), []);
});

/** An event is acknowledged; 2 ms after that a read knows nothing of it. */
const stale: History = {
  records: [
    {
      kind: "invoke",
      op: "1",
      store: "writer",
      at: 0,
      call: {
        name: "saveEvent",
        events: [{ id: "id", actor: "a", version: 1, print: 7 }],
        expected: [],
      },
    },
    {
      kind: "complete",
      op: "1",
      at: 1,
      outcome: {
        is: "success",
        versions: [["a", 1]],
        sequence: 1,
        duplicate: false,
      },
    },
    {
      kind: "invoke",
      op: "2",
      store: "reader",
      at: 3,
      call: { name: "getLatestVersion", actor: "a", consistency: "strong" },
    },
    {
      kind: "complete",
      op: "2",
      at: 4,
      outcome: { is: "version", version: 0 },
    },
  ],
  final: [{
    id: "id",
    actor: "a",
    version: 1,
    print: 7,
    sequence: 1,
    type: "T",
  }],
};

Deno.test("checkHistory() lets reads lag when told that they may", async () => {
  assertEquals(await kindsOf(stale), ["stale"]);
  assertEquals(await kindsOf(stale, { lag: [[3.5, 9]] }), []);
  assertEquals(await kindsOf(stale, { lag: [[0, 3]] }), []);
  assertEquals(await kindsOf(stale, { lag: [[4.5, 9]] }), ["stale"]);
});

Deno.test("checkHistory() allows for clocks that differ", async () => {
  assertEquals(await kindsOf(stale, { slack: 1 }), ["stale"]);
  assertEquals(await kindsOf(stale, { slack: 2 }), []);
});

Deno.test("checkHistory() lets calls fail when told that they may", async () => {
  const [invoked] = stale.records;
  const history = {
    final: [],
    records: [
      invoked!,
      {
        kind: "complete",
        op: "1",
        at: 1,
        outcome: { is: "error", name: "FullError", message: "full" },
      } as const,
    ],
  };
  assertEquals(await kindsOf(history), ["unexpected"]);
  const allowed = ["FullError"];
  assertEquals(await kindsOf(history, { allowed }), []);
  const stored = { ...history, final: stale.final };
  assertEquals(await kindsOf(stored, { allowed }), ["failed-stored"]);
});

Deno.test("checkHistory() keeps a bounded number of violations, and counts all", async () => {
  const { records, final } = stale;
  const reads = Array.from(
    { length: 50 },
    (_, i) =>
      records.slice(2).map((record) => ({ ...record, op: `read-${i}` })),
  );
  const history = [...records.slice(0, 2), ...reads.flat()];
  const { violations, counts } = await checkHistory(history, final, {
    most: 3,
  });
  assertEquals(violations.length, 3);
  assertEquals(counts.get("stale"), 50);
  assertEquals(violations[0]!.records, history.slice(2, 4));
});

Deno.test("checkHistory() takes a delivery for seen only when told to", async () => {
  const delivery: History = {
    final: stale.final,
    records: [
      ...stale.records.slice(0, 2),
      {
        kind: "invoke",
        op: "3",
        store: "reader",
        at: 1,
        call: { name: "subscribe", after: 0, live: true },
      },
      { kind: "deliver", op: "3", at: 2, items: [[1, 7]] },
      {
        kind: "invoke",
        op: "4",
        store: "reader",
        at: 3,
        call: { name: "getLatestVersion", actor: "a", consistency: "eventual" },
      },
      {
        kind: "complete",
        op: "4",
        at: 4,
        outcome: { is: "version", version: 0 },
      },
      {
        kind: "complete",
        op: "3",
        at: 5,
        outcome: { is: "closed", position: 1 },
      },
    ],
  };
  assertEquals(await kindsOf(delivery), []);
  assertEquals(await kindsOf(delivery, { deliveriesCount: true }), [
    "went-back",
  ]);
});

Deno.test("a fault of every kind is planted", () => {
  assertEquals(
    [...new Set(plantedFaults.map(({ kind }) => kind))].sort(),
    (Object.keys(violationKinds) as ViolationKind[]).sort(),
  );
});

for (const { kind, what, alone, plant } of plantedFaults) {
  Deno.test(`checkHistory() finds "${kind}" when ${what}`, async () => {
    let planted = 0;
    await fc.assert(
      fc.asyncProperty(goodHistory(120), fc.nat(), async (history, seed) => {
        const spoiled = structuredClone(history);
        const pick = <T>(list: readonly T[]) => list[seed % list.length]!;
        if (!plant(spoiled, pick)) return;
        planted++;
        const kinds = await kindsOf(spoiled);
        if (alone) assertEquals(kinds, [kind]);
        else assert(kinds.includes(kind), `found ${kinds}`);
      }),
      { numRuns: 20 },
    );
    assert(planted >= 3, `planted ${planted} times only`);
  });
}
