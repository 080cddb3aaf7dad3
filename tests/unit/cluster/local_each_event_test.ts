import { ClusterManager } from "../../../cluster/mod.ts";
import { InMemoryEventStore } from "../../../mod.ts";
import { testEachEventContract } from "../../support/each_event_contract.ts";

testEachEventContract(Deno.test, "eachEvent(), in memory", {
  make: (options) => ClusterManager.local(options),
  open: () => Promise.resolve(new InMemoryEventStore()),
});
