/**
 * What is decided for several actors at once.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  commandHandler,
  decideTogether,
  type DecideTogetherOptions,
  Rejection,
  TooManyConflictsError,
} from "../../../decider/mod.ts";
import type { EventStore } from "../../../store/event_store.ts";
import { account, type AccountEvent, deposit, withdraw } from "./accounts.ts";
import type { TestHandler } from "./fixture.ts";
import { registerOnce } from "./unique_values.ts";

function transfer(
  store: EventStore<AccountEvent>,
  from: string,
  to: string,
  amount: number,
  options?: DecideTogetherOptions,
) {
  return decideTogether(
    store,
    { from: [account, from], to: [account, to] },
    ({ from, to }) => ({
      from: account.decide(withdraw(amount), from),
      to: account.decide(deposit(amount), to),
    }),
    options,
  );
}

// deno-lint-ignore no-explicit-any
type Wrong = any;

export function togetherContract(test: TestHandler): void {
  test("decideTogether() stores the events of all parts", async ({ store }) => {
    const accounts = commandHandler(store, account);
    await accounts.execute("a", deposit(10));
    const metadata = { userId: "jane" };
    const { parts, duplicate, attempts } = await transfer(store, "a", "b", 4, {
      metadata,
    });
    assertEquals([parts.from.state.balance, parts.from.version], [6, 2]);
    assertEquals([parts.to.state.balance, parts.to.version], [4, 1]);
    assertEquals([duplicate, attempts], [false, 1]);
    assertEquals((await store.getEvents("a")).slice(1), [
      ...parts.from.events,
    ]);
    assertEquals(await store.getEvents("b"), [...parts.to.events]);
    assertEquals(parts.to.events[0]!.metadata, metadata);
  });

  test("decideTogether() stores nothing when it is refused", async ({ store }) => {
    await assertRejects(() => transfer(store, "a", "b", 4), Rejection);
    assertEquals(
      await store.getLatestVersions(["a", "b"]),
      new Map([
        ["a", 0],
        ["b", 0],
      ]),
    );
  });

  test("decideTogether() does nothing again when the command id is known", async ({ store, other }) => {
    const accounts = commandHandler(store, account);
    await accounts.execute("a", deposit(10));
    const commandId = "t-1";
    const first = await transfer(store, "a", "b", 10, { commandId });
    await accounts.execute("b", deposit(1));
    // Decided again it would be refused.
    const again = await transfer(other, "a", "b", 10, { commandId });
    assert(again.duplicate);
    assertEquals(again.parts.from.events, first.parts.from.events);
    assertEquals(again.parts.to.events, first.parts.to.events);
    assertEquals([again.parts.to.state.balance, again.parts.to.version], [
      11,
      1,
    ]);
    assertEquals((await store.getEvents("b")).length, 2);
    // A handler knows the command, too.
    const { duplicate } = await accounts.execute("a", deposit(10), {
      commandId,
    });
    assert(duplicate);
  });

  test("decideTogether() decides again as a whole when a part has moved on", async ({ store, other }) => {
    const others = commandHandler(other, account);
    await others.execute("a", deposit(10));
    let decided = 0;
    const racing = new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name !== "saveEvents" || decided > 1) return value.bind(target);
        return async (...args: Parameters<typeof store.saveEvents>) => {
          await others.execute("b", deposit(1));
          return await target.saveEvents(...args);
        };
      },
    });
    const { parts, attempts } = await decideTogether(
      racing,
      { from: [account, "a"], to: [account, "b"] },
      ({ from, to }) => {
        decided++;
        return {
          from: account.decide(withdraw(4), from),
          to: account.decide(deposit(4), to),
        };
      },
    );
    assertEquals([parts.from.state.balance, parts.to.state.balance], [6, 5]);
    assertEquals([attempts, decided], [2, 2]);

    decided = 0;
    const error = await assertRejects(
      () => transfer(racing, "a", "b", 1, { retries: 0 }),
      TooManyConflictsError,
      'Cannot execute command: 2 actors, the first "a", moved on before the decision was stored, once',
    );
    assertEquals(error.actorIds, ["a", "b"]);
  });

  test("decideTogether() is refused only by states that were all there at once", async ({ store, other }) => {
    const accounts = commandHandler(other, account);
    await accounts.execute("a", deposit(10));
    // While "b" is read, what it needs arrives.
    let moved = false;
    const racing = new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name !== "getEvents") return value.bind(target);
        return async (
          ...args: Parameters<typeof store.getEvents>
        ) => {
          const read = await target.getEvents(...args);
          if (args[0] === "b" && !moved) {
            moved = true;
            await transfer(other, "a", "b", 10);
          }
          return read;
        };
      },
    });
    const { parts } = await transfer(racing, "b", "a", 10);
    assertEquals([parts.from.state.balance, parts.to.state.balance], [0, 10]);
  });

  test("decideTogether() refuses what it can't guard", async ({ store }) => {
    const decide = () => ({ a: [], b: [] }) as Wrong;
    const parts = { a: [account, "a"], b: [account, "b"] } as const;
    await assertRejects(
      () => decideTogether(store, parts, decide),
      TypeError,
      "Cannot decide together: nothing was decided for part a; a part that is only read is guarded by nothing",
    );
    await assertRejects(
      () => decideTogether(store, parts, () => undefined as Wrong),
      TypeError,
      "Cannot decide together: what decide returns must be an object with the drafts of each part, got undefined",
    );
    for (
      const decide of [
        () => Promise.resolve({ a: [], b: [] }),
        () => ({ a: Promise.reject(new Error("for nobody")), b: [] }),
        () => ({
          a: Promise.reject(new Error("for nobody")),
          b: Promise.reject(new Error("for nobody, too")),
        }),
      ]
    ) {
      await assertRejects(
        () => decideTogether(store, parts, decide as Wrong),
        TypeError,
        "decide returned a promise; it must not be async",
      );
    }
    await assertRejects(
      () => transfer(store, "a", "a", 1),
      TypeError,
      'Cannot decide together: parts from and to are the same actor, "a"',
    );
    await assertRejects(
      () => decideTogether(store, {}, () => ({})),
      TypeError,
      "Cannot decide together: there must be at least one part",
    );
    await assertRejects(
      () => transfer(store, "a", "b", 1, { comandId: "t-1" } as Wrong),
      TypeError,
      'there is no option "comandId"; did you mean commandId?',
    );
  });

  test("decideTogether() keeps the sum when transfers race", async ({ store, other }) => {
    const names = ["a", "b", "c"];
    const accounts = commandHandler(store, account);
    for (const name of names) await accounts.execute(name, deposit(100));
    const racers = Array.from({ length: 9 }, (_, racer) => racer);
    await Promise.all(racers.map(async (racer) => {
      const own = racer % 2 === 0 ? store : other;
      for (let i = 0; i < 5; i++) {
        const from = names[(racer + i) % 3]!;
        const to = names[(racer + i + 1) % 3]!;
        await transfer(own, from, to, 1, { retries: 100 });
      }
    }));
    let sum = 0;
    for (const name of names) {
      const { state, version } = await accounts.load(name);
      sum += state.balance;
      assertEquals(version, 31, "30 transfers are those of each");
    }
    assertEquals(sum, 300);
  });

  test("a value is taken once, however many race for it", async ({ store, other }) => {
    const emails = Array.from({ length: 10 }, (_, i) => `${i}@example.com`);
    const racers = Array.from({ length: 30 }, (_, i) => i);
    const outcomes = await Promise.all(racers.map((i) =>
      registerOnce(
        (i % 2 === 0 ? store : other) as unknown as Parameters<
          typeof registerOnce
        >[0],
        `user-${i}`,
        emails[i % 10]!,
      )
    ));
    assertEquals(
      outcomes.filter((outcome) => outcome === "registered").length,
      10,
    );
    assertEquals(outcomes.filter((outcome) => outcome === "taken").length, 20);
    const versions = await store.getLatestVersions(
      racers.map((i) => `user-${i}`),
    );
    const registered = [...versions.values()].filter((version) => version > 0);
    assertEquals(registered.length, 10);
  });
}
