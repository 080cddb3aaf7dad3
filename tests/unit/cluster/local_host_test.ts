import { ClusterManager } from "../../../cluster/mod.ts";
import { InMemoryEventStore } from "../../../mod.ts";
import { testHostContract } from "../../support/host_contract.ts";

testHostContract(Deno.test, "eventSourced(), in memory", {
  make: (options) => ClusterManager.local(options),
  open: () => Promise.resolve(new InMemoryEventStore()),
});
