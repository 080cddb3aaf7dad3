import { assertEquals } from "@std/assert";
import { cells, describeTarget, short } from "../../../bench/_figures.ts";
import {
  Bench,
  figureAtLeast,
  type NewRow,
  ratioAtLeast,
  ratioAtMost,
  type Row,
  scaleOf,
} from "../../../bench/_harness.ts";
import { fill } from "../../../bench/markdown.ts";
import { takeTurns } from "../../../bench/_timing.ts";

function judged(row: NewRow, wants = (_: string) => true): Row[] {
  const rows: Row[] = [];
  const bench = new Bench("saves", scaleOf(false), {
    wants,
    print: (row) => rows.push(row),
    progress: () => {},
  });
  bench.row(row);
  return rows;
}

const reference = { name: "peer", figure: 50 };
const common = { name: "one", unit: "events/s", reference };

Deno.test("short() keeps three digits that count", () => {
  const texts = [0, 3, 0.2514, 1.234, 12.34, 123.4, 12_345, 7_654_321, NaN]
    .map(short);
  assertEquals(texts, [
    "0",
    "3",
    "0.251",
    "1.23",
    "12.3",
    "123",
    "12.3k",
    "7.65M",
    "-",
  ]);
});

Deno.test("describeTarget() tells bounds of ratios and of figures", () => {
  assertEquals(describeTarget(ratioAtMost(1.15), "ms"), "<= 1.15 x");
  const figure = describeTarget(figureAtLeast(500_000), "events/s");
  assertEquals(figure, ">= 500k events/s");
  const within = { of: "ratio", atLeast: 0.6, atMost: 1.4 } as const;
  assertEquals(describeTarget(within, "ms"), "0.6 to 1.4 x");
});

Deno.test("Bench judges a row by all of its targets, bounds included", () => {
  const metOf = (figure: number, ...targets: NewRow["targets"] & object) =>
    judged({ ...common, figure, targets })[0]!.met;
  assertEquals(metOf(100, ratioAtLeast(2)), true);
  assertEquals(metOf(99, ratioAtLeast(2)), false);
  assertEquals(metOf(100, ratioAtMost(2)), true);
  assertEquals(metOf(100, ratioAtLeast(2), figureAtLeast(101)), false);
  assertEquals(judged({ ...common, figure: 1 })[0]!.met, undefined);
});

Deno.test("Bench fails a target on a ratio that there is none of", () => {
  const [row] = judged({
    name: "one",
    unit: "ms",
    figure: 1,
    targets: [ratioAtMost(2)],
  });
  assertEquals(row!.met, false);
});

Deno.test("Bench leaves out rows that nobody wants", () => {
  assertEquals(judged({ ...common, figure: 1 }, () => false), []);
});

Deno.test("takeTurns() runs each side once for nothing, then in turns with another first each time", async () => {
  const order: string[] = [];
  const side = (name: string, ...figures: number[]) => () => {
    order.push(name);
    return Promise.resolve(figures.shift()!);
  };
  const { a, b } = await takeTurns(3, {
    a: side("a", 9, 3, 1, 2),
    b: side("b", 9, 6, 5, 4),
  });
  assertEquals(order.join(""), "abbaabba");
  assertEquals([a.values, a.median], [[1, 2, 3], 2]);
  assertEquals([b.values, b.median], [[4, 5, 6], 5]);
});

Deno.test("fill() replaces each theme's figures and nothing else", () => {
  const [row] = judged({
    ...common,
    figure: 100,
    targets: [ratioAtLeast(2)],
    note: "of two",
  });
  const report = {
    mode: "quick",
    began: "2026-01-01T00:00:00.000Z",
    seconds: 1.2,
    machine: { cpu: "CPU", cpus: 2, memory: 2 ** 31, os: "linux 6" },
    versions: {
      aether: "1.0.0",
      deno: "2.0.0",
      v8: "14",
      nats: "3.0.0",
      "nats-server": "2.15.2",
      castore: "2.0.0",
      emmett: "0.42.0",
    },
    rows: [row!],
    failures: [],
  } as const;
  const document = [
    "# Title",
    "<!-- figures: saves -->",
    "<!-- end -->",
    "Between",
    "<!-- figures: reads -->",
    "old",
    "<!-- end -->",
    "<!-- figures: machine -->",
    "<!-- end -->",
  ].join("\n");
  const filled = [
    "# Title",
    "<!-- figures: saves -->",
    "",
    "| row | figure       | reference | ratio  | target | met |",
    "| --- | ------------ | --------- | ------ | ------ | --- |",
    "| one | 100 events/s | 50 peer   | 2.00 x | >= 2 x | yes |",
    "",
    "- one: of two",
    "",
    "<!-- end -->",
    "Between",
    "<!-- figures: reads -->",
    "",
    "Not measured in this run.",
    "",
    "<!-- end -->",
    "<!-- figures: machine -->",
    "",
    "- CPU, 2 CPUs, 2.0 GiB, linux 6",
    "- Deno 2.0.0 (V8 14), nats.js 3.0.0, nats-server 2.15.2, Castore 2.0.0, Emmett",
    "  0.42.0",
    "- quick run of 2026-01-01, 1 s",
    "",
    "<!-- end -->",
  ].join("\n");
  assertEquals(fill(document, [report]), filled);
  assertEquals(fill(filled, [report]), filled);
});

Deno.test("cells() marks a missed target", () => {
  const [row] = judged({ ...common, figure: 40, targets: [ratioAtLeast(1)] });
  assertEquals(cells(row!).at(-1), "NO");
});
