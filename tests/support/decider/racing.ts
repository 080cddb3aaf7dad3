/**
 * What handlers do that race each other.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  commandHandler,
  Rejection,
  TooManyConflictsError,
} from "../../../decider/mod.ts";
import { VersionConflictError } from "../../../store/errors.ts";
import type { EventStore } from "../../../store/event_store.ts";
import { InMemoryEventStore } from "../../../store/memory/in_memory_event_store.ts";
import { account, type AccountEvent, deposit, withdraw } from "./accounts.ts";
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

  test("execute() decides anew when a history has begun anew", async ({ store }) => {
    // As in a stream that forgets by age.
    let current: EventStore<AccountEvent> = store;
    const forgetful = new Proxy(store, {
      get: (_, name) => {
        const value = Reflect.get(current, name, current);
        return typeof value === "function" ? value.bind(current) : value;
      },
    });
    const [busy, idle] = [0, 1].map(() => commandHandler(forgetful, account));
    for (const accounts of [busy!, idle!]) {
      for (let i = 0; i < 3; i++) await accounts.execute("a", deposit(10));
    }
    await using renewed = new InMemoryEventStore<AccountEvent>();
    current = renewed;
    const { state, version } = await busy!.execute("a", deposit(1));
    assertEquals([state.balance, version], [1, 1]);
    await assertRejects(() => idle!.execute("a", withdraw(2)), Rejection);
    assertEquals((await idle!.load("a")).state.balance, 1);
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
