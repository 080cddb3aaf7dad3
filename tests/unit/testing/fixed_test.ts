import { assertEquals, assertThrows } from "@std/assert";
import { commandHandler, decideTogether } from "../../../decider/mod.ts";
import { InMemoryEventStore } from "../../../store/memory/in_memory_event_store.ts";
import { fixedClock, fixedIds } from "../../../testing/mod.ts";
import {
  account,
  type AccountEvent,
  deposit,
} from "../../support/decider/accounts.ts";

Deno.test("fixedClock() stands still until it is moved", () => {
  const clock = fixedClock("2024-05-31T09:30:00+02:00");
  clock().setTime(0); // nobody else's
  assertEquals(clock().toISOString(), "2024-05-31T07:30:00.000Z");
  clock.advance(1);
  clock.advance(-2);
  assertEquals(clock().toISOString(), "2024-05-31T07:29:59.999Z");
  assertEquals(fixedClock()().toISOString(), "2000-01-01T00:00:00.000Z");
  assertThrows(() => fixedClock("noon"), RangeError, "noon is no time");
});

Deno.test("fixedIds() counts", () => {
  const [ids, others] = [fixedIds(), fixedIds("order")];
  assertEquals([ids(), ids(), others()], ["id-1", "id-2", "order-1"]);
});

Deno.test("handlers and joint decisions take times and ids", async () => {
  await using store = new InMemoryEventStore<AccountEvent>();
  const options = { now: fixedClock(), newId: fixedIds() };
  await commandHandler(store, account, options).execute("a", deposit(1));
  await decideTogether(
    store,
    { a: [account, "a"], b: [account, "b"] },
    ({ a, b }) => ({
      a: account.decide(deposit(1), a),
      b: account.decide(deposit(1), b),
    }),
    options,
  );
  const timestamp = "2000-01-01T00:00:00.000Z";
  const events = [
    ...await store.getEvents("a"),
    ...await store.getEvents("b"),
  ];
  assertEquals(
    events.map((event) => [event.id, event.timestamp]),
    ["id-1", "id-2", "id-3"].map((id) => [id, timestamp]),
  );
});
