/**
 * What every cluster manager must do, run against each backend.
 *
 * @module
 */

import { clusterArgumentsContract } from "./cluster_contract/arguments.ts";
import {
  type ClusterBackend,
  type ClusterContract,
  ClusterFixture,
} from "./cluster_contract/fixture.ts";
import { failingContract } from "./cluster_contract/failing.ts";
import { movingContract } from "./cluster_contract/moving.ts";
import { requestingContract } from "./cluster_contract/requesting.ts";
import type { RegisterTest } from "./contract_runner.ts";

export type { ClusterBackend } from "./cluster_contract/fixture.ts";

/** Registers the suite: one test for each promise, `name` in front. */
export function testClusterContract(
  register: RegisterTest,
  name: string,
  backend: ClusterBackend,
): void {
  const contract: ClusterContract = {
    test(title, body) {
      register(`${name}: ${title}`, async () => {
        await using fixture = new ClusterFixture(backend);
        await body(fixture);
        fixture.check();
      });
    },
  };
  clusterArgumentsContract(contract);
  requestingContract(contract);
  failingContract(contract);
  movingContract(contract);
}
