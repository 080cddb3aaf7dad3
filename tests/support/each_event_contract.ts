/**
 * What handling each event by shard must do, run against each pair of a cluster
 * and a store.
 *
 * @module
 */

import type { EventStore } from "../../mod.ts";
import type { ClusterBackend } from "./cluster_contract.ts";
import type { RegisterTest } from "./contract_runner.ts";
import { checkpointsContract } from "./each_event_contract/checkpoints.ts";
import {
  type Counted,
  type EachEventContract,
  EachEventFixture,
} from "./each_event_contract/fixture.ts";
import { handlingContract } from "./each_event_contract/handling.ts";
import { refusedContract } from "./each_event_contract/refused.ts";

/** A cluster, and the stores that its nodes have opened. */
export interface EachEventBackend extends ClusterBackend {
  /** Opens a store of the test's own; the same name is the same store. */
  open(name: string): Promise<EventStore<Counted>>;
}

/** Registers the suite: one test for each promise, `name` in front. */
export function testEachEventContract(
  register: RegisterTest,
  name: string,
  backend: EachEventBackend,
): void {
  const contract: EachEventContract = {
    test(title, body) {
      register(`${name}: ${title}`, async () => {
        await using stack = new AsyncDisposableStack();
        const open = async () =>
          stack.use(await backend.open(`each-event-${crypto.randomUUID()}`));
        const stores = [await open(), await open()] as const;
        const fixture = stack.use(new EachEventFixture(backend, ...stores));
        await body(fixture);
        fixture.check();
      });
    },
  };
  handlingContract(contract);
  checkpointsContract(contract);
  refusedContract(contract);
}
