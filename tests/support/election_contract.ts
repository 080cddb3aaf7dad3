/**
 * What every election must do, run against each backend.
 *
 * @module
 */

import { argumentsContract } from "./election_contract/arguments.ts";
import { closingContract } from "./election_contract/closing.ts";
import {
  type ElectionBackend,
  type ElectionContract,
  ElectionFixture,
} from "./election_contract/fixture.ts";
import { followingContract } from "./election_contract/following.ts";
import { leadingContract } from "./election_contract/leading.ts";
import type { RegisterTest } from "./contract_runner.ts";

export type { ElectionBackend } from "./election_contract/fixture.ts";

/** Registers the suite: one test for each promise, `name` in front. */
export function testElectionContract(
  register: RegisterTest,
  name: string,
  backend: ElectionBackend,
): void {
  const contract: ElectionContract = {
    test(title, body) {
      register(`${name}: ${title}`, async () => {
        await using fixture = new ElectionFixture(backend);
        await body(fixture);
      });
    },
  };
  argumentsContract(contract);
  leadingContract(contract);
  followingContract(contract);
  closingContract(contract);
}
