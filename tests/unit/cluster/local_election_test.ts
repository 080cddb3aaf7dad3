import { LeaderElection } from "../../../cluster/mod.ts";
import { testElectionContract } from "../../support/election_contract.ts";

testElectionContract(Deno.test, "LeaderElection.local()", {
  join: async (options) => await LeaderElection.local(options),
});
