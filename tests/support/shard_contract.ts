/**
 * What every manager of shards must do, run against each backend.
 *
 * @module
 */

import type { RegisterTest } from "./contract_runner.ts";
import { shardArgumentsContract } from "./shard_contract/arguments.ts";
import {
  type ShardBackend,
  type ShardContract,
  ShardFixture,
} from "./shard_contract/fixture.ts";
import { hooksContract } from "./shard_contract/hooks.ts";
import { shardLeavingContract } from "./shard_contract/leaving.ts";
import { owningContract } from "./shard_contract/owning.ts";

export type { ShardBackend } from "./shard_contract/fixture.ts";

/** Registers the suite: one test for each promise, `name` in front. */
export function testShardContract(
  register: RegisterTest,
  name: string,
  backend: ShardBackend,
): void {
  const contract: ShardContract = {
    test(title, body) {
      register(`${name}: ${title}`, async () => {
        await using fixture = new ShardFixture(backend);
        await body(fixture);
        fixture.check();
      });
    },
  };
  shardArgumentsContract(contract);
  owningContract(contract);
  hooksContract(contract);
  shardLeavingContract(contract);
}
