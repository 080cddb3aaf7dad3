/**
 * Arguments of command handlers, and signals.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { commandHandler, decideTogether } from "../../../decider/mod.ts";
import { withFaults } from "../../../testing/mod.ts";
import { account, deposit } from "./accounts.ts";
import type { TestHandler } from "./fixture.ts";

// deno-lint-ignore no-explicit-any
type Wrong = any;

export function argumentsContract(test: TestHandler): void {
  test("commandHandler() refuses bad options", async ({ store }) => {
    const make = (options: Wrong) => commandHandler(store, account, options);
    for (const name of ["retries", "cachedActors", "rememberedCommands"]) {
      assertThrows(() => make({ [name]: -1 }), RangeError, name);
      assertThrows(() => make({ [name]: 1.5 }), RangeError, name);
      assertThrows(() => make({ [name]: "1" }), TypeError, name);
    }
    const snapshots = { every: 1, schema: "1" };
    for (
      const [options, problem] of [
        [{ retry: 1 }, 'no option "retry"; there are retries, cachedActors'],
        [null, "options must be an object, got null"],
        [{ snapshots: true }, "snapshots must be an object, got true"],
        [{ snapshots: { every: 1 } }, "snapshots.schema must be a string"],
        [{ snapshots: { schema: "1" } }, "snapshots.every must be a number"],
        [{ snapshots: { ...snapshots, on: 1 } }, 'no option "on"'],
        [
          { snapshots: { ...snapshots, onError: 1 } },
          "snapshots.onError must be a function",
        ],
        [{ now: 1 }, "now must be a function"],
      ] as [Wrong, string][]
    ) assertThrows(() => make(options), TypeError, problem);
    assertThrows(
      () => make({ snapshots: { ...snapshots, every: 0 } }),
      RangeError,
      "snapshots.every must be a safe integer of at least 1",
    );
    assertThrows(
      () => make({ snapshots: { ...snapshots, schema: "" } }),
      RangeError,
      "snapshots.schema must be a text of at least one character",
    );
    await commandHandler(store, account, {}).load("a");
  });

  test("commandHandler() and decideTogether() refuse what is no store or decider", async ({ store }) => {
    const make = (store: Wrong, decider: Wrong) =>
      commandHandler(store, decider);
    const { initialState, decide, evolve } = account;
    for (
      const [call, problem] of [
        [() => make(undefined, account), "store must be an EventStore, got"],
        [
          () => make(account, store),
          "store must be an EventStore, got an object without getEvents",
        ],
        [() => make(store, undefined), "decider must be a Decider, got"],
        [() => make(store, { decide, evolve }), "without initialState"],
        [() => make(store, { initialState, evolve }), "without decide"],
        [() => make(store, { initialState, decide }), "without evolve"],
      ] as [() => unknown, string][]
    ) {
      const { message } = assertThrows(call, TypeError, problem);
      assert(message.startsWith("Cannot make command handler: "), message);
    }
    const together = (store: Wrong, decider: Wrong) =>
      decideTogether(store, { a: [decider, "a"] }, () => ({ a: [] }));
    await assertRejects(
      () => together(account, account),
      TypeError,
      "Cannot decide together: store must be an EventStore, got an object",
    );
    await assertRejects(
      () => together(store, { initialState, decide }),
      TypeError,
      "Cannot decide together: the decider of part a must be a Decider, got an object without evolve",
    );
  });

  test("execute() and load() refuse bad arguments", async ({ store }) => {
    const accounts = commandHandler(store, account);
    const execute = (options: Wrong, actorId: Wrong = "a") =>
      accounts.execute(actorId, deposit(1), options);
    for (
      const [options, kind, problem] of [
        [{ commandID: "c" }, TypeError, "did you mean commandId?"],
        [{ commandId: 1 }, TypeError, "commandId must be a string, got 1"],
        [{ commandId: "" }, RangeError, "commandId must be a text of at least"],
        [{ commandId: "\ud800" }, RangeError, "without lone surrogates"],
        [{ expectedVersion: -1 }, RangeError, "expectedVersion"],
        [{ expectedVersion: "0" }, TypeError, "expectedVersion"],
        [{ metadata: { a: 1 } }, TypeError, "metadata.a"],
        [{ signal: 1 }, TypeError, "signal"],
      ] as [Wrong, typeof TypeError, string][]
    ) await assertRejects(() => execute(options), kind, problem);
    for (const actorId of ["", 7, undefined]) {
      await assertRejects(() => execute({}, actorId ?? null), Error);
      await assertRejects(() => accounts.load(actorId as Wrong), Error);
    }
    await assertRejects(
      () => accounts.load("a", { sinal: 1 } as Wrong),
      TypeError,
      "did you mean signal?",
    );
    assertEquals(await store.getEvents("a"), []);
  });

  test("execute() says what is wrong with a decision", async ({ store }) => {
    const decided = (decision: Wrong) =>
      commandHandler(store, { ...account, decide: () => decision })
        .execute("a", deposit(1) as Wrong);
    for (
      const [decision, problem] of [
        [
          undefined,
          "Cannot execute command: decide returned undefined; return [] where nothing happens",
        ],
        [null, "draft must be an object, got null"],
        [
          Promise.resolve([]),
          "Cannot execute command: decide returned a promise; it must not be async",
        ],
        [[{ eventType: "Deposited" }], "data"],
        [
          { eventType: "Deposited", data: { at: new Date() } },
          "data.at must be JSON",
        ],
        [
          { eventType: "Deposited", data: {}, version: 7 },
          'a draft has no "version"; there are id, eventType, data, metadata',
        ],
      ] as [Wrong, string][]
    ) {
      const error = await assertRejects(() => decided(decision), TypeError);
      assert(error.message.includes(problem), error.message);
    }
    const failing = () => Promise.reject(new Error("for nobody"));
    const failed = commandHandler(store, {
      ...account,
      decide: failing as Wrong,
    }).execute("a", deposit(1));
    await assertRejects(() => failed, TypeError, "must not be async");
    assertEquals(await store.getEvents("a"), []);
  });

  test("execute() ends with the signal's reason", async ({ store }) => {
    const accounts = commandHandler(store, account);
    const reason = new Error("enough");
    const reasonOf = (signal: AbortSignal, actorId = "a") =>
      accounts.execute(actorId, deposit(1), { signal }).then(
        () => undefined,
        (error) => error,
      );
    assertStrictEquals(await reasonOf(AbortSignal.abort(reason)), reason);

    // While another has its turn.
    const slow = withFaults(store);
    slow.faults.push({ delay: 20 });
    const queued = commandHandler(slow, account);
    const first = queued.execute("b", deposit(1));
    const controller = new AbortController();
    const second = queued.execute("b", deposit(2), {
      signal: controller.signal,
    });
    const third = queued.execute("b", deposit(4));
    controller.abort(reason);
    await assertRejects(() => second, Error, "enough");
    await first;
    assertEquals((await third).state.balance, 5);
  });
}
