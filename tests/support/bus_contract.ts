/**
 * What every event bus must do, run against each backend.
 *
 * @module
 */

import { argumentsContract } from "./bus_contract/arguments.ts";
import { closingContract } from "./bus_contract/closing.ts";
import { deliveringContract } from "./bus_contract/delivering.ts";
import type { BusBackend, BusContract } from "./bus_contract/fixture.ts";
import { leavingContract } from "./bus_contract/leaving.ts";
import { overflowingContract } from "./bus_contract/overflowing.ts";
import { tellingContract } from "./bus_contract/telling.ts";
import type { RegisterTest } from "./contract_runner.ts";

export type { BusBackend, BusFixture } from "./bus_contract/fixture.ts";

/** Registers the suite: one test for each promise, `name` in front. */
export function testBusContract(
  register: RegisterTest,
  name: string,
  backend: BusBackend,
): void {
  const contract: BusContract = {
    blocks: backend.blocks,
    test(title, body, options) {
      register(`${name}: ${title}`, async () => {
        await using fixture = await backend.open(options);
        await body(fixture);
      });
    },
    testWith(title, body) {
      register(`${name}: ${title}`, () => body(backend.open));
    },
  };
  argumentsContract(contract);
  deliveringContract(contract);
  leavingContract(contract);
  overflowingContract(contract);
  closingContract(contract);
  tellingContract(contract);
}
