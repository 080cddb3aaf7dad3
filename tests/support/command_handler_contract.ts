/**
 * What a command handler must do over any store.
 *
 * @module
 */

import type { RegisterTest } from "./contract_runner.ts";
import { argumentsContract } from "./decider/arguments.ts";
import { executingContract } from "./decider/executing.ts";
import type { DeciderFixture } from "./decider/fixture.ts";
import { racingContract } from "./decider/racing.ts";
import { repeatingContract } from "./decider/repeating.ts";
import { snapshotsContract } from "./decider/snapshots.ts";
import { statesContract } from "./decider/states.ts";
import { togetherContract } from "./decider/together.ts";

/** Registers the suite: one test for each promise, `name` in front. */
export function testCommandHandlerContract(
  register: RegisterTest,
  name: string,
  open: () => Promise<DeciderFixture>,
): void {
  const test = (
    title: string,
    body: (fixture: DeciderFixture) => Promise<void>,
  ) =>
    register(`${name}: ${title}`, async () => {
      await using fixture = await open();
      await body(fixture);
    });
  argumentsContract(test);
  executingContract(test);
  statesContract(test);
  repeatingContract(test);
  racingContract(test);
  togetherContract(test);
  snapshotsContract(test);
}
