/**
 * Workers forbid random values, timers and I/O while modules are loaded.
 * What users create at module level must do without.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { createEvent, EventBus, InMemoryEventStore } from "../../mod.ts";

/** Runs `load` with everything gone that workerd forbids in global scope. */
function inGlobalScope<T>(load: () => T): T {
  const forbidden = (name: string) => () => {
    throw new Error(`Disallowed operation called within global scope: ${name}`);
  };
  const { setTimeout, setInterval } = globalThis;
  const { randomUUID, getRandomValues } = crypto;
  try {
    Object.assign(crypto, {
      randomUUID: forbidden("randomUUID"),
      getRandomValues: forbidden("getRandomValues"),
    });
    Object.assign(globalThis, {
      setTimeout: forbidden("setTimeout"),
      setInterval: forbidden("setInterval"),
    });
    return load();
  } finally {
    Object.assign(crypto, { randomUUID, getRandomValues });
    Object.assign(globalThis, { setTimeout, setInterval });
  }
}

Deno.test("stores and buses in memory can be made in global scope", async () => {
  const { store, bus } = inGlobalScope(() => {
    const bus = new EventBus();
    return { bus, store: new InMemoryEventStore({ bus }) };
  });
  await using _store = store;
  await using _bus = bus;
  const event = inGlobalScope(() =>
    createEvent({
      id: "event-1",
      eventType: "Opened",
      actorId: "door-1",
      version: 1,
      data: {},
    })
  );
  await store.saveEvent(event);
  assertEquals(await store.getEvents("door-1"), [event]);
  await using subscription = store.subscribe({ live: false });
  for await (const { checkpoint } of subscription) assert(checkpoint);
});

Deno.test("createEvent() in global scope needs an id that is given", () => {
  assertThrows(
    () =>
      inGlobalScope(() =>
        createEvent({
          eventType: "Opened",
          actorId: "door-1",
          version: 1,
          data: {},
        })
      ),
    Error,
    "Disallowed operation",
  );
});
