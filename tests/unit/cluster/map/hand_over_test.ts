import fc from "fast-check";
import { anySchedule, Cluster } from "./_hand_overs.ts";

Deno.test("no shard is ever held twice, and in the end each is held, whatever happens", () => {
  fc.assert(
    fc.property(anySchedule, (steps) => {
      const cluster = new Cluster();
      for (const step of steps) cluster.step(step);
      cluster.settle();
    }),
    { numRuns: 500 },
  );
});

Deno.test("no shard is ever held twice when older maps are restored", () => {
  fc.assert(
    fc.property(
      anySchedule,
      anySchedule,
      fc.nat(1_000_000),
      (before, after, choice) => {
        const cluster = new Cluster();
        for (const step of before) cluster.step(step);
        cluster.restore(choice);
        for (const step of after) cluster.step(step);
        cluster.settle();
      },
    ),
    { numRuns: 300 },
  );
});
