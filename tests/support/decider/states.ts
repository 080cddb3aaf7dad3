/**
 * What becomes of states: nobody changes one, and none is lost.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  commandHandler,
  type Decider,
  decideTogether,
} from "../../../decider/mod.ts";
import { account, type AccountEvent, deposit } from "./accounts.ts";
import type { TestHandler } from "./fixture.ts";

/** What was paid in, with what the tests of freezing need. */
interface Statement {
  readonly lines: { readonly amounts: number[] }[];
  readonly seen: Set<string>;
}

type DepositedEvent = Extract<AccountEvent, { eventType: "Deposited" }>;

const statement: Decider<Statement, number, DepositedEvent> = {
  initialState: { lines: [], seen: new Set() },
  decide: (amount) => ({ eventType: "Deposited", data: { amount } }),
  evolve: ({ lines, seen }, { data: { amount } }) => ({
    lines: [...lines, { amounts: [amount] }],
    seen: new Set([...seen, String(amount)]),
  }),
};

export function statesContract(test: TestHandler): void {
  test("a handler gives states that nobody can change", async ({ store, other }) => {
    const cold = () => commandHandler(other, statement);
    const warm = commandHandler(store, statement);
    const states = [
      (await warm.load("a")).state,
      (await warm.execute("a", 1)).state,
      (await warm.execute("a", 2)).state,
      (await warm.load("a")).state,
      (await cold().load("a")).state,
      (await cold().execute("a", 3)).state,
    ];
    for (const { lines, seen } of states) {
      assert(Object.isFrozen(lines));
      for (const line of lines) {
        assert(Object.isFrozen(line) && Object.isFrozen(line.amounts));
      }
      seen.add("sets are left alone");
    }
    assertEquals((await warm.load("a")).state.lines.length, 3);
  });

  test("decideTogether() gives states that nobody can change", async ({ store }) => {
    const { parts } = await decideTogether(
      store,
      { one: [statement, "a"], two: [statement, "b"] },
      ({ one, two }) => {
        assert(Object.isFrozen(one) && Object.isFrozen(two.lines));
        return { one: statement.decide(1, one), two: statement.decide(2, two) };
      },
    );
    assert(Object.isFrozen(parts.one.state.lines[0]!.amounts));
  });

  test("an evolve that changes the initial state fails, and other actors don't see it", async ({ store }) => {
    const initialState = { amounts: [] as number[] };
    const mutating: Decider<typeof initialState, number, DepositedEvent> = {
      initialState,
      decide: statement.decide as () => ReturnType<typeof statement.decide>,
      evolve(state, { data: { amount } }) {
        state.amounts.push(amount);
        return state;
      },
    };
    const handler = commandHandler(store, mutating);
    await assertRejects(() => handler.execute("a", 1), TypeError);
    await assertRejects(
      () =>
        decideTogether(store, { b: [mutating, "b"] }, () => ({
          b: { eventType: "Deposited", data: { amount: 1 } },
        })),
      TypeError,
    );
    assertEquals(await store.getEvents("a"), []);
    const { state } = await handler.load("c");
    assertStrictEquals(state, initialState);
    assertEquals(state, { amounts: [] });
  });

  test("an evolve that returns undefined fails, and says for which event", async ({ store }) => {
    const forgetful: typeof account = {
      ...account,
      evolve: (state, event) =>
        event.eventType === "Deposited"
          ? account.evolve(state, event)
          : undefined as never,
    };
    await store.append("a", [
      { eventType: "Deposited", data: { amount: 1 } },
      { eventType: "FeeCharged", data: { amount: 1 } },
    ]);
    const handler = commandHandler(store, forgetful);
    for (
      const call of [
        () => handler.load("a"),
        () => handler.execute("a", deposit(1)),
        () => decideTogether(store, { a: [forgetful, "a"] }, () => ({ a: [] })),
      ]
    ) {
      await assertRejects(
        call,
        TypeError,
        'evolve returned undefined for "FeeCharged" at version 2 of actor "a"; return the state as it is for events it does not know',
      );
    }
    assertEquals(await store.getLatestVersion("a"), 2);
  });

  test("undefined is a state that an actor can begin with", async ({ store }) => {
    const last: Decider<number | undefined, number, DepositedEvent> = {
      initialState: undefined,
      decide: (amount) => ({ eventType: "Deposited", data: { amount } }),
      evolve: (state, { data: { amount } }) => amount === 0 ? state : amount,
    };
    const handler = commandHandler(store, last);
    assertEquals((await handler.execute("a", 0)).state, undefined);
    assertEquals((await handler.execute("a", 1)).state, 1);
  });
}
