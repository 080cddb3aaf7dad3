import { assertEquals } from "@std/assert";
import { Durations } from "../../../../internal/telemetry/durations.ts";

Deno.test("durations are counted up to their bounds, inclusive", () => {
  const durations = new Durations();
  const empty = durations.snapshot();
  assertEquals([empty.count, empty.sum, empty.min, empty.max], [0, 0, 0, 0]);
  for (const seconds of [0, 0.001, 0.0010001, 10, 11, 0.25]) {
    durations.add(seconds);
  }
  const { count, min, max, buckets } = durations.snapshot();
  assertEquals([count, min, max], [6, 0, 11]);
  const counted = buckets.filter((bucket) => bucket.count > 0);
  assertEquals(counted, [
    { to: 1e-6, count: 1 },
    { to: 0.001, count: 1 },
    { to: 0.0025, count: 1 },
    { to: 0.25, count: 1 },
    { to: 10, count: 1 },
    { to: Infinity, count: 1 },
  ]);
  assertEquals(empty.count, 0);
});
