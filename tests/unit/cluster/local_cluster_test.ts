import { ClusterManager } from "../../../cluster/mod.ts";
import { testClusterContract } from "../../support/cluster_contract.ts";

testClusterContract(Deno.test, "ClusterManager.local()", {
  make: (options) => ClusterManager.local(options),
});
