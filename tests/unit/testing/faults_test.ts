import { assert, assertEquals, assertRejects } from "@std/assert";
import { commandHandler } from "../../../decider/mod.ts";
import { createEvent } from "../../../event/create_event.ts";
import {
  SaveOutcomeUnknownError,
  VersionConflictError,
} from "../../../store/errors.ts";
import type { EventStore } from "../../../store/event_store.ts";
import { JetStreamUnavailableError } from "../../../store/jetstream/errors.ts";
import { InMemoryEventStore } from "../../../store/memory/in_memory_event_store.ts";
import { type Fault, withFaults } from "../../../testing/mod.ts";
import {
  account,
  type AccountEvent,
  deposit,
  withdraw,
} from "../../support/decider/accounts.ts";

const deposited = (version: number, id?: string) =>
  createEvent({
    id,
    eventType: "Deposited",
    actorId: "a",
    version,
    data: { amount: 1 },
  });

Deno.test("withFaults() leaves the store as it is without faults", async () => {
  await using inner = new InMemoryEventStore<AccountEvent>();
  const store = withFaults(inner);
  assert(store instanceof InMemoryEventStore);
  await store.saveEvent(deposited(1));
  await store.saveEvents([deposited(2)]);
  assertEquals(await store.getEvents("a"), await inner.getEvents("a"));
  assertEquals(store.faults, []);
});

Deno.test("withFaults() has each save meet the next fault", async () => {
  await using inner = new InMemoryEventStore<AccountEvent>();
  const store = withFaults(inner);
  store.faults.push("unavailable", "unknown", "unknown-but-stored");
  await assertRejects(
    () => store.saveEvent(deposited(1)),
    JetStreamUnavailableError,
  );
  const unknown = await assertRejects(
    () => store.saveEvents([deposited(1, "x"), deposited(2, "y")]),
    SaveOutcomeUnknownError,
  );
  assertEquals(unknown.eventIds, ["x", "y"]);
  assertEquals(await inner.getEvents("a"), []);
  const event = deposited(1);
  await assertRejects(() => store.saveEvent(event), SaveOutcomeUnknownError);
  assertEquals(await inner.getEvents("a"), [event]);
  assertEquals(store.faults, []);
});

Deno.test("withFaults() has appends meet faults, too", async () => {
  await using inner = new InMemoryEventStore<AccountEvent>();
  const store = withFaults(inner);
  const draft = { eventType: "Deposited", data: { amount: 1 } } as const;
  store.faults.push("unknown-but-stored");
  const unknown = await assertRejects(
    () => store.append("a", [{ ...draft, id: "x" }, draft]),
    SaveOutcomeUnknownError,
  );
  assertEquals(unknown.eventIds, ["x"]);
  assertEquals((await store.append("a", [draft])).version, 3);
});

Deno.test("withFaults() names the call and the fault", async () => {
  await using store = withFaults(new InMemoryEventStore<AccountEvent>());
  const draft = { eventType: "Deposited", data: { amount: 1 } } as const;
  const append = () => store.append("a", [draft]);
  const messages = [
    'Cannot append: fault "unknown" of withFaults',
    'Cannot save event: fault "unknown-but-stored" of withFaults',
    'Cannot save events: fault "unavailable" of withFaults',
  ];
  store.faults.push("unknown", "unknown-but-stored", "unavailable");
  for (
    const call of [
      append,
      () => store.saveEvent(deposited(1)),
      () => store.saveEvents([deposited(2)]),
    ]
  ) assertEquals((await assertRejects(call, Error)).message, messages.shift());
});

Deno.test("withFaults() refuses a fault that there is not", async () => {
  await using store = withFaults(new InMemoryEventStore<AccountEvent>());
  for (
    const [fault, got] of [
      ["unkown", '"unkown"'],
      [{ dealy: 5 }, "an object"],
      [null, "null"],
      [1, "1"],
    ]
  ) {
    store.faults.push(fault as Fault);
    await assertRejects(
      () => store.saveEvent(deposited(1)),
      TypeError,
      `Cannot save event: a fault of withFaults must be "unavailable", "conflict", "unknown", "unknown-but-stored", { delay } or { first }, got ${got}`,
    );
  }
  assertEquals(await store.getLatestVersion("a"), 0);
});

Deno.test("withFaults() has a save meet the conflict that the store would give", async () => {
  await using inner = new InMemoryEventStore<AccountEvent>();
  const store = withFaults(inner);
  const draft = { eventType: "Deposited", data: { amount: 1 } } as const;
  await store.saveEvent(deposited(1));
  const saves: ((store: EventStore<AccountEvent>) => Promise<unknown>)[] = [
    (store) => store.append("a", [draft], { expectedVersion: 1 }),
    (store) => store.saveEvent(deposited(2)),
    (store) => store.saveEvent(deposited(2), { expectedVersion: 1 }),
    (store) => store.saveEvents([deposited(2)], { expectedVersion: 1 }),
    (store) =>
      store.saveEvents([deposited(2), deposited(3)], {
        expectedVersions: new Map([["a", 1]]),
      }),
  ];
  const faked: VersionConflictError[] = [];
  for (const save of saves) {
    store.faults.push("conflict");
    faked.push(await assertRejects(() => save(store), VersionConflictError));
  }
  assertEquals(await inner.getLatestVersion("a"), 1, "nothing was stored");
  store.faults.push("conflict");
  const anywhere = await assertRejects(
    () => store.append("a", [draft]),
    VersionConflictError,
  );
  assertEquals([anywhere.attemptedVersion, anywhere.currentVersion], [2, 2]);

  await inner.saveEvent(deposited(2));
  for (const [i, save] of saves.entries()) {
    const real = await assertRejects(() => save(inner), VersionConflictError);
    assertEquals({ ...faked[i] }, { ...real });
    assertEquals(faked[i]!.message, real.message);
  }
});

Deno.test("withFaults() has a save without events meet no conflict", async () => {
  await using store = withFaults(new InMemoryEventStore<AccountEvent>());
  store.faults.push("conflict", "conflict");
  assertEquals((await store.saveEvents([])).sequence, 0);
  assertEquals((await store.append("a", [])).version, 0);
});

Deno.test("withFaults() lets somebody else go first", async () => {
  await using inner = new InMemoryEventStore<AccountEvent>();
  const store = withFaults(inner);
  store.faults.push({ first: () => inner.saveEvent(deposited(1)) });
  await assertRejects(
    () => store.saveEvent(deposited(1), { expectedVersion: 0 }),
    VersionConflictError,
  );
});

Deno.test("withFaults() delays a save", async () => {
  await using inner = new InMemoryEventStore<AccountEvent>();
  const store = withFaults(inner);
  store.faults.push({ delay: 5 });
  const slow = store.saveEvent(deposited(1));
  await store.saveEvent(deposited(1), { expectedVersion: 0 });
  await assertRejects(() => slow, VersionConflictError);
});

Deno.test("execute() stores a command once, whatever becomes of its saves", async () => {
  for (const fault of ["unknown", "unknown-but-stored"] as const) {
    await using store = withFaults(new InMemoryEventStore<AccountEvent>());
    const accounts = commandHandler(store, account);
    await accounts.execute("a", deposit(10));
    store.faults.push(fault);
    // The second of these would be refused.
    const once = () =>
      accounts.execute("a", withdraw(9, 1), { commandId: "c-1" });
    await assertRejects(once, SaveOutcomeUnknownError);
    const { state, events, duplicate } = await once();
    assertEquals([state.balance, events.length], [0, 2]);
    assertEquals(duplicate, fault === "unknown-but-stored");
    assertEquals((await once()).events, events);
    assertEquals((await store.getEvents("a")).length, 3);
  }
});

Deno.test("execute() decides again when a competitor goes first", async () => {
  await using inner = new InMemoryEventStore<AccountEvent>();
  const store = withFaults(inner);
  const accounts = commandHandler(store, account);
  await accounts.execute("a", deposit(10));
  store.faults.push({
    first: () => commandHandler(inner, account).execute("a", withdraw(4)),
  });
  const { state, attempts } = await accounts.execute("a", withdraw(6));
  assertEquals([state.balance, attempts], [0, 2]);
});

Deno.test("execute() decides again after a conflict", async () => {
  await using store = withFaults(new InMemoryEventStore<AccountEvent>());
  const accounts = commandHandler(store, account);
  store.faults.push("conflict", "conflict");
  const { state, attempts } = await accounts.execute("a", deposit(2));
  assertEquals([state.balance, attempts], [2, 3]);
});

Deno.test("execute() hands on that the store is unavailable", async () => {
  await using store = withFaults(new InMemoryEventStore<AccountEvent>());
  const accounts = commandHandler(store, account);
  store.faults.push("unavailable");
  const execute = () => accounts.execute("a", deposit(1));
  await assertRejects(execute, JetStreamUnavailableError);
  assertEquals((await execute()).version, 1);
});
