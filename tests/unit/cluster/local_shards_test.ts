import { ShardManager } from "../../../cluster/mod.ts";
import { testShardContract } from "../../support/shard_contract.ts";

testShardContract(Deno.test, "ShardManager.local()", {
  join: (options) => ShardManager.local(options),
});
