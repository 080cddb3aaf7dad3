import { assertThrows } from "@std/assert";
import { ClusterManager, eventSourced } from "../../../cluster/mod.ts";
import { InMemoryEventStore } from "../../../mod.ts";
import { testHostContract } from "../../support/host_contract.ts";

testHostContract(Deno.test, "eventSourced(), in memory", {
  make: (options) => ClusterManager.local(options),
  open: () => Promise.resolve(new InMemoryEventStore()),
});

Deno.test("eventSourced() refuses what is no store, decider or option", async () => {
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
  // A longer timer would go off at once, again and again.
  assertThrows(
    () => define(store, decider, { passivateAfter: 2 ** 31 }),
    RangeError,
    "passivateAfter must be an integer from 1 to 2147483647",
  );
});
