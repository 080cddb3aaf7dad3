import { assertEquals } from "@std/assert";
import {
  CounterReports,
  type InstrumentSet,
} from "../../../../internal/telemetry/counters.ts";
import { FakeMeter } from "../../../support/fake_meter.ts";

const set: InstrumentSet<"a" | "b"> = {
  counters: {
    a: { name: "test.a", unit: "{a}", description: "A", attributes: { x: 1 } },
    b: { name: "test.b", unit: "{b}", description: "B" },
  },
  gauge: { name: "test.g", unit: "{g}", description: "G" },
};

Deno.test("instruments are made once for a meter", () => {
  const meter = new FakeMeter();
  const reports = CounterReports.of(meter, set);
  assertEquals(CounterReports.of(meter, set), reports);
  assertEquals(meter.made, ["test.a", "test.b", "test.g"]);
  CounterReports.of(meter, { ...set });
  assertEquals(meter.made.length, 6);
});

Deno.test("a meter is told what is new whenever it collects, and at the end", () => {
  const meter = new FakeMeter();
  const reports = CounterReports.of(meter, { ...set });
  const counters = { a: 2, b: 0 };
  const stop = reports.add(counters, { of: "one" });
  assertEquals(meter.added, []);
  meter.collect();
  meter.collect();
  assertEquals(meter.added.splice(0), [["test.a", 2, { x: 1, of: "one" }]]);
  counters.a += 3;
  counters.b += 1;
  stop();
  assertEquals(meter.added.splice(0), [
    ["test.a", 3, { x: 1, of: "one" }],
    ["test.b", 1, { of: "one" }],
  ]);
  counters.a++;
  meter.collect();
  stop();
  assertEquals(meter.added.length, 1);
});

Deno.test("gauges with the same attributes are added up", () => {
  const meter = new FakeMeter();
  const reports = CounterReports.of(meter, { ...set });
  const stops = [
    reports.gauge(() => 1, { of: "one" }),
    reports.gauge(() => 2, { of: "other" }),
    reports.gauge(() => 4, { of: "one" }),
  ];
  assertEquals(meter.collect(), [[5, { of: "one" }], [2, { of: "other" }]]);
  stops[0]!();
  assertEquals(meter.collect(), [[2, { of: "other" }], [4, { of: "one" }]]);
});

Deno.test("what a meter throws stops nothing", () => {
  const meter = new FakeMeter();
  meter.createCounter = () => ({
    add() {
      throw new Error("A bad meter");
    },
  });
  const reports = CounterReports.of(meter, { ...set });
  const stop = reports.add({ a: 1, b: 2 }, {});
  meter.collect();
  stop();
});
