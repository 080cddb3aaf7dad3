/**
 * What one handler does with commands.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { commandHandler, Rejection } from "../../../decider/mod.ts";
import { VersionConflictError } from "../../../store/errors.ts";
import { account, deposit, withdraw } from "./accounts.ts";
import type { TestHandler } from "./fixture.ts";
import { watch } from "./watched_store.ts";

export function executingContract(test: TestHandler): void {
  test("execute() stores what was decided", async ({ store }) => {
    const accounts = commandHandler(store, account);
    const first = await accounts.execute("a", deposit(10));
    const second = await accounts.execute("a", withdraw(3, 1));

    assertEquals(first.state, { balance: 10 });
    assertEquals(first.version, 1);
    assertEquals(second.state, { balance: 6 });
    assertEquals(second.version, 3);
    assertEquals([second.duplicate, second.attempts], [false, 1]);
    assertEquals(await store.getEvents("a"), [
      ...first.events,
      ...second.events,
    ]);
  });

  test("execute() gives its events the metadata, and a draft's own", async ({ store }) => {
    const generous: typeof account = {
      ...account,
      decide: () => [
        { eventType: "Deposited", data: { amount: 1 } },
        {
          eventType: "Deposited",
          data: { amount: 2 },
          metadata: { userId: "draft", place: "2" },
        },
      ],
    };
    const accounts = commandHandler(store, generous);
    const metadata = { userId: "call", correlationId: "r-1" };
    const { events } = await accounts.execute("a", deposit(0), { metadata });
    assertEquals(events.map((event) => event.metadata), [
      metadata,
      { userId: "draft", correlationId: "r-1", place: "2" },
    ]);
    assertEquals(await store.getEvents("a"), [...events]);
  });

  test("execute() is one save when the actor is cached", async ({ store }) => {
    const watched = watch(store);
    const accounts = commandHandler(watched.store, account);
    await accounts.execute("a", deposit(10));
    watched.calls();
    await accounts.execute("a", deposit(10), { commandId: "c-1" });
    assertEquals(watched.calls(), ["saveEvent"]);
    await accounts.execute("a", withdraw(10, 1), { commandId: "c-2" });
    assertEquals(watched.calls(), ["saveEvents"]);
  });

  test("execute() stores nothing and reads what is new when it is refused", async ({ store, other }) => {
    const watched = watch(store);
    const accounts = commandHandler(watched.store, account);
    await accounts.execute("a", deposit(10));
    watched.calls();
    const refused = await assertRejects(
      () => accounts.execute("a", withdraw(11)),
      Rejection,
      "Balance is too low",
    );
    assertEquals(refused.code, "too-little");
    assertEquals(refused.data, { balance: 10 });
    assertEquals(watched.calls().length, 1, "one read");
    assertEquals((await store.getEvents("a")).length, 1);

    // What another has stored since makes it a yes.
    await commandHandler(other, account).execute("a", deposit(1));
    const { state, events } = await accounts.execute("a", withdraw(11));
    assertEquals([state.balance, events[0]!.version], [0, 3]);
  });

  test("execute() keeps an actor that it loaded for a command that stored nothing", async ({ store, other }) => {
    await commandHandler(other, account).execute("a", deposit(10));
    const accounts = commandHandler(store, account);
    await assertRejects(() => accounts.execute("a", withdraw(11)), Rejection);
    await accounts.execute("b", deposit(0));
    assertEquals(accounts.cachedActors, 2);
  });

  test("execute() gives the newest state when nothing is decided", async ({ store, other }) => {
    const accounts = commandHandler(store, account);
    const nothing = await accounts.execute("a", deposit(0));
    assertEquals(nothing, {
      state: { balance: 0 },
      version: 0,
      events: [],
      duplicate: false,
      attempts: 1,
    });
    await accounts.execute("a", deposit(10));
    await commandHandler(other, account).execute("a", deposit(5));
    const { state, version } = await accounts.execute("a", deposit(0));
    assertEquals([state.balance, version], [15, 2]);
  });

  test("execute() fails at once when the actor is not at expectedVersion", async ({ store, other }) => {
    const accounts = commandHandler(store, account);
    await accounts.execute("a", deposit(10), { expectedVersion: 0 });
    // The handler does not know of this.
    await commandHandler(other, account).execute("a", deposit(10));
    let decided = 0;
    const counting: typeof account = {
      ...account,
      decide(command, state) {
        decided++;
        return account.decide(command, state);
      },
    };
    for (const handler of [accounts, commandHandler(store, counting)]) {
      for (const expectedVersion of [0, 1, 3]) {
        const error = await assertRejects(
          () => handler.execute("a", deposit(1), { expectedVersion }),
          VersionConflictError,
        );
        assertEquals(error.currentVersion, 2);
        assertEquals(error.expectedVersion, expectedVersion);
      }
    }
    assertEquals(decided, 0, "the state was known to be another");
    const { version } = await accounts.execute("a", deposit(1), {
      expectedVersion: 2,
    });
    assertEquals(version, 3);
  });

  test("execute() stores nothing that evolve can't take", async ({ store }) => {
    const accounts = commandHandler(store, {
      ...account,
      evolve() {
        throw new Error("no such event");
      },
    });
    const execute = () => accounts.execute("a", deposit(1));
    await assertRejects(execute, Error, "no such event");
    assertEquals(await store.getEvents("a"), []);
  });

  test("load() reads what is new", async ({ store, other }) => {
    const accounts = commandHandler(store, account);
    const before = await accounts.load("a");
    assertEquals(before, { state: { balance: 0 }, version: 0 });
    await commandHandler(other, account).execute("a", deposit(5));
    const after = await accounts.load("a");
    assertEquals(after, { state: { balance: 5 }, version: 1 });
  });
}
