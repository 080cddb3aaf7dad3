/**
 * What every way to discover nodes must do, run against each backend.
 *
 * @module
 */

import type { RegisterTest } from "./contract_runner.ts";
import { discoveryArgumentsContract } from "./discovery_contract/arguments.ts";
import {
  type DiscoveryBackend,
  type DiscoveryContract,
  DiscoveryFixture,
} from "./discovery_contract/fixture.ts";
import { joiningContract } from "./discovery_contract/joining.ts";
import { discoveryLeavingContract } from "./discovery_contract/leaving.ts";

export type { DiscoveryBackend } from "./discovery_contract/fixture.ts";

/** Registers the suite: one test for each promise, `name` in front. */
export function testDiscoveryContract(
  register: RegisterTest,
  name: string,
  backend: DiscoveryBackend,
): void {
  const contract: DiscoveryContract = {
    test(title, body) {
      register(`${name}: ${title}`, async () => {
        await using fixture = new DiscoveryFixture(backend);
        await body(fixture);
      });
    },
  };
  discoveryArgumentsContract(contract);
  joiningContract(contract);
  discoveryLeavingContract(contract);
}
