import { assertEquals } from "@std/assert";
import { InMemoryEventStore } from "../../../store/mod.ts";
import { SMOKE_SET } from "../../support/contract/smoke.ts";
import { testEventStoreContract } from "../../support/event_store_contract.ts";

Deno.test("every title of the smoke set is a test's", () => {
  const titles = new Set<string>();
  testEventStoreContract((name) => titles.add(name.slice("x: ".length)), "x", {
    separate: true,
    maxPayload: 1024 * 1024,
    open: () => Promise.reject(new Error("no test is run")),
  });
  assertEquals([...SMOKE_SET].filter((title) => !titles.has(title)), []);
});

Deno.test("the smoke set calls every method of a store", async () => {
  const called = new Set<PropertyKey>();
  const tests: (() => Promise<void>)[] = [];
  const open = () => {
    const store = new Proxy(new InMemoryEventStore(), {
      get(target, key) {
        called.add(key);
        const value = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return Promise.resolve({
      store,
      another: () => Promise.resolve(store),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    });
  };
  testEventStoreContract((_, body) => tests.push(body), "memory", {
    smoke: true,
    runs: 1,
    race: { versions: 20 },
    open,
  });
  for (const test of tests) await test();
  const { constructor: _, metrics: __, ...methods } = Object
    .getOwnPropertyDescriptors(InMemoryEventStore.prototype);
  const missing = Object.keys(methods).filter((name) => !called.has(name));
  assertEquals(missing, []);
});
