/**
 * What handlers do that race each other.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { commandHandler, TooManyConflictsError } from "../../../decider/mod.ts";
import { VersionConflictError } from "../../../store/errors.ts";
import { account, deposit } from "./accounts.ts";
import type { TestHandler } from "./fixture.ts";

export function racingContract(test: TestHandler): void {
  test("execute() decides again on what is new when another was faster", async ({ store, other }) => {
    const accounts = commandHandler(store, account);
    const others = commandHandler(other, account);
    await accounts.execute("a", deposit(1));
    await others.execute("a", deposit(10));
    const { state, version, attempts } = await accounts.execute(
      "a",
      deposit(100),
    );
    assertEquals([state.balance, version, attempts], [111, 3, 2]);
  });

  test("execute() gives up when others are faster each time", async ({ store, other }) => {
    const others = commandHandler(other, account);
    // Somebody is faster before each save.
    const racing = new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name !== "saveEvent") return value.bind(target);
        return async (...args: Parameters<typeof store.saveEvent>) => {
          await others.execute("a", deposit(1));
          return await target.saveEvent(...args);
        };
      },
    });
    const racers = commandHandler(racing, account, { retries: 2 });
    const error = await assertRejects(
      () => racers.execute("a", deposit(1)),
      TooManyConflictsError,
      'Cannot execute command: actor "a" moved on before the decision was stored, 3 times',
    );
    assertEquals([error.attempts, error.actorIds], [3, ["a"]]);
    assert(error.cause instanceof VersionConflictError);
    assertEquals((await store.getEvents("a")).length, 3, "the others'");
  });

  test("execute() has commands of one actor wait for each other", async ({ store }) => {
    const accounts = commandHandler(store, account);
    const all = await Promise.all(
      Array.from(
        { length: 50 },
        (_, i) => accounts.execute(i % 5 === 0 ? "b" : "a", deposit(i)),
      ),
    );
    assert(all.every(({ attempts }) => attempts === 1));
    const amounts = (await store.getEvents("a")).map(({ data }) => data.amount);
    assertEquals(amounts, amounts.toSorted((x, y) => x - y));
  });

  test("execute() loses nothing when handlers race", async ({ store, other }) => {
    const handlers = [store, other].map((each) =>
      commandHandler(each, account, { retries: 50 })
    );
    const commands = Array.from({ length: 40 }, (_, i) => `c-${i}`);
    // Each command goes to both handlers.
    await Promise.all(
      commands.flatMap((commandId) =>
        handlers.map((handler) =>
          handler.execute("a", deposit(1), { commandId })
        )
      ),
    );
    const events = await store.getEvents("a");
    assertEquals(
      events.map(({ commandId }) => commandId).toSorted(),
      commands.toSorted(),
    );
  });
}
