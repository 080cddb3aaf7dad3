/**
 * Snapshots that handlers keep.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { commandHandler, type Decider } from "../../../decider/mod.ts";
import { InvalidEventError } from "../../../event/errors.ts";
import type { EventStore } from "../../../store/event_store.ts";
import { waitFor } from "../conditions.ts";
import { account, type AccountEvent, deposit, withdraw } from "./accounts.ts";
import type { TestHandler } from "./fixture.ts";

/** Resolves when an actor's snapshot is at a version. */
function snapshotAt(
  store: EventStore<AccountEvent>,
  actorId: string,
  version: number,
): Promise<unknown> {
  return waitFor(async () =>
    (await store.getLatestSnapshot(actorId))?.version === version
  );
}

/** An account that counts how many events it evolves. */
function counting(): typeof account & { evolved: number } {
  return {
    ...account,
    evolved: 0,
    evolve(state, event) {
      this.evolved++;
      return account.evolve(state, event);
    },
  };
}

export function snapshotsContract(test: TestHandler): void {
  const snapshots = { every: 10, schema: "1" };

  test("a handler takes a snapshot after so many versions", async ({ store }) => {
    const accounts = commandHandler(store, account, { snapshots });
    for (let i = 0; i < 9; i++) await accounts.execute("a", deposit(1));
    assertEquals(await store.getLatestSnapshot("a"), undefined);
    await accounts.execute("a", deposit(1), { commandId: "c-1" });
    await snapshotAt(store, "a", 10);
    const snapshot = await store.getLatestSnapshot("a");
    assertEquals(snapshot?.schema, "decider:1");
    assertEquals(snapshot?.state, {
      state: { balance: 10 },
      commands: [["c-1", 10, 10]],
    });
    // One command may pass the version that one is due at.
    for (let i = 0; i < 9; i++) await accounts.execute("a", deposit(1));
    await accounts.execute("a", withdraw(1, 1));
    await snapshotAt(store, "a", 21);
  });

  test("a handler loads an actor from its snapshot", async ({ store, other }) => {
    const accounts = commandHandler(store, account, { snapshots });
    for (let i = 0; i < 10; i++) await accounts.execute("a", deposit(1));
    await snapshotAt(store, "a", 10);
    await accounts.execute("a", deposit(1));
    const decider = counting();
    const cold = commandHandler(other, decider, { snapshots });
    assertEquals(await cold.load("a"), { state: { balance: 11 }, version: 11 });
    assertEquals(decider.evolved, 1);
    const { state, version } = await cold.execute("a", withdraw(11));
    assertEquals([state.balance, version], [0, 12]);
  });

  test("a handler ignores snapshots of another schema, or that are none of its", async ({ store, other }) => {
    const accounts = commandHandler(store, account, { snapshots });
    for (let i = 0; i < 10; i++) await accounts.execute("a", deposit(1));
    await snapshotAt(store, "a", 10);
    const later = { every: 10, schema: "2" };
    const decider = counting();
    const changed = commandHandler(other, decider, { snapshots: later });
    assertEquals((await changed.load("a")).state, { balance: 10 });
    assertEquals(decider.evolved, 10);

    for (let i = 0; i < 10; i++) await accounts.execute("b", deposit(1));
    await snapshotAt(store, "b", 10);
    for (
      const state of [
        null,
        {},
        { state: 1 },
        { state: 1, commands: [["a", 1]] },
        { state: 1, commands: [[1, 1, 1]] },
      ]
    ) {
      await store.saveSnapshot({
        actorId: "b",
        version: 10,
        state,
        timestamp: new Date().toISOString(),
        schema: "decider:1",
      });
      const cold = commandHandler(store, account, { snapshots });
      assertEquals((await cold.load("b")).state, { balance: 10 });
    }
  });

  test("a handler knows commands from before its snapshot", async ({ store, other }) => {
    const options = { snapshots, rememberedCommands: 5 };
    const accounts = commandHandler(store, account, options);
    for (let i = 1; i <= 10; i++) {
      await accounts.execute("a", deposit(1), { commandId: `c-${i}` });
    }
    await snapshotAt(store, "a", 10);
    const cold = commandHandler(other, account, options);
    const { duplicate, version, events } = await cold.execute("a", deposit(1), {
      commandId: "c-6",
    });
    assertEquals([duplicate, version, events.length], [true, 6, 1]);
  });

  test("a state that is no JSON fails the command that a snapshot is due with", async ({ store }) => {
    const decider: Decider<
      { tags: Set<string> | string[] },
      { type: "tag" },
      AccountEvent
    > = {
      initialState: { tags: [] },
      decide: () => ({ eventType: "Deposited", data: { amount: 1 } }),
      evolve: () => ({ tags: new Set(["a"]) }),
    };
    const tags = commandHandler(store, decider, {
      snapshots: { every: 2, schema: "1" },
    });
    await tags.execute("a", { type: "tag" });
    const error = await assertRejects(
      () => tags.execute("a", { type: "tag" }),
      InvalidEventError,
      "Cannot take snapshot: state.tags must be JSON, got an instance of Set; write an array of its items",
    );
    assertEquals(error.path, "state.tags");
    assertEquals((await store.getEvents("a")).length, 1, "nothing was stored");

    assertThrows(
      () =>
        commandHandler(
          store,
          { ...decider, initialState: { tags: new Set<string>() } },
          { snapshots },
        ),
      InvalidEventError,
      "state.tags",
    );
  });

  test("a snapshot that can't be kept fails no command", async ({ store }) => {
    const errors: unknown[] = [];
    const failing = new Proxy(store, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name !== "saveSnapshot") return value.bind(target);
        return () => Promise.reject(new Error("no room"));
      },
    });
    const accounts = commandHandler(failing, account, {
      snapshots: {
        every: 1,
        schema: "1",
        onError: (error) => errors.push(error),
      },
    });
    const { state } = await accounts.execute("a", deposit(1));
    assertEquals(state, { balance: 1 });
    await waitFor(() => errors.length === 1);
    assert(errors[0] instanceof Error && errors[0].message === "no room");
  });
}
