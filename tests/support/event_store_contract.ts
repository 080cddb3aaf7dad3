/**
 * What every event store must do, run against each backend.
 *
 * @module
 */

import { appendingContract } from "./contract/appending.ts";
import { argumentsContract } from "./contract/arguments.ts";
import { batchesContract } from "./contract/batches.ts";
import { checkpointsContract } from "./contract/checkpoints.ts";
import { closingContract } from "./contract/closing.ts";
import { commandsContract } from "./contract/commands.ts";
import { concurrencyContract } from "./contract/concurrency.ts";
import { endingContract } from "./contract/ending.ts";
import type { Contract, ContractBackend } from "./contract/fixture.ts";
import { filteringContract } from "./contract/filtering.ts";
import { idempotencyContract } from "./contract/idempotency.ts";
import { limitsContract } from "./contract/limits.ts";
import { modelContract } from "./contract/model.ts";
import { namespacesContract } from "./contract/namespaces.ts";
import { orderOfChecksContract } from "./contract/order_of_checks.ts";
import { ownershipContract } from "./contract/ownership.ts";
import { readArgumentsContract } from "./contract/read_arguments.ts";
import { readingContract } from "./contract/reading.ts";
import { readingAllContract } from "./contract/reading_all.ts";
import { signalsContract } from "./contract/signals.ts";
import { SMOKE_SET } from "./contract/smoke.ts";
import { snapshotsContract } from "./contract/snapshots.ts";
import { subscribingContract } from "./contract/subscribing.ts";
import { versionsContract } from "./contract/versions.ts";
import type { RegisterTest } from "./contract_runner.ts";

export type {
  ContractBackend,
  ContractFixture,
  ContractRace,
  ContractStoreOptions,
} from "./contract/fixture.ts";

/** Registers the suite: one test for each promise, `name` in front. */
export function testEventStoreContract(
  register: RegisterTest,
  name: string,
  backend: ContractBackend,
): void {
  const {
    separate = false,
    maxPayload,
    race = {},
    runs = 50,
    smoke = false,
  } = backend;
  const add = (title: string, body: () => Promise<void>) => {
    if (smoke && !SMOKE_SET.has(title)) return;
    register(`${name}: ${title}`, body);
  };
  const contract: Contract = {
    separate,
    maxPayload,
    runs,
    race: {
      writers: 16,
      versions: 200,
      connections: separate ? 4 : 1,
      ...race,
    },
    open: (options) => backend.open(options),
    test(title, body, options) {
      add(title, async () => {
        await using fixture = await backend.open(options);
        await body(fixture);
      });
    },
    testTwo(title, body) {
      if (!separate) return;
      add(title, async () => {
        await using fixture = await backend.open();
        await body(fixture.store, await fixture.another!());
      });
    },
  };
  argumentsContract(contract);
  readArgumentsContract(contract);
  limitsContract(contract);
  versionsContract(contract);
  idempotencyContract(contract);
  orderOfChecksContract(contract);
  appendingContract(contract);
  commandsContract(contract);
  batchesContract(contract);
  readingContract(contract);
  readingAllContract(contract);
  filteringContract(contract);
  modelContract(contract);
  ownershipContract(contract);
  concurrencyContract(contract);
  snapshotsContract(contract);
  subscribingContract(contract);
  endingContract(contract);
  checkpointsContract(contract);
  namespacesContract(contract);
  signalsContract(contract);
  closingContract(contract);
}
