import { NodeDiscovery } from "../../../cluster/mod.ts";
import { testDiscoveryContract } from "../../support/discovery_contract.ts";

testDiscoveryContract(Deno.test, "NodeDiscovery.local()", {
  join: (options) => NodeDiscovery.local(options),
});
