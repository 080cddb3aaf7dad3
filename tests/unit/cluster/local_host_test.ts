import { assertThrows } from "@std/assert";
import { ClusterManager, eventSourced } from "../../../cluster/mod.ts";
import { InMemoryEventStore } from "../../../mod.ts";
import { testHostContract } from "../../support/host_contract.ts";

testHostContract(Deno.test, "eventSourced(), in memory", {
  make: (options) => ClusterManager.local(options),
  open: () => Promise.resolve(new InMemoryEventStore()),
});

Deno.test("eventSourced() refuses what is no store or decider", async () => {
  const decider = { initialState: 0, decide: () => [], evolve: () => 0 };
  await using store = new InMemoryEventStore();
  // deno-lint-ignore no-explicit-any
  const define = eventSourced as any;
  assertThrows(
    () => define(undefined, decider),
    TypeError,
    "Cannot define actors: store must be an EventStore, got undefined",
  );
  assertThrows(
    () => define(decider, store),
    TypeError,
    "Cannot define actors: store must be an EventStore, got an object without",
  );
  assertThrows(
    () => define(store, { ...decider, evolve: undefined }),
    TypeError,
    "Cannot define actors: decider must be a Decider, got an object without evolve",
  );
});
