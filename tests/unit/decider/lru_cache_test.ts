import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { LruCache } from "../../../decider/_lru_cache.ts";

Deno.test("set() forgets what was not set for longest", () => {
  const cache = new LruCache<number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  cache.set("a", 3);
  cache.set("c", 4);
  assertEquals(["a", "b", "c"].map((key) => cache.get(key)), [3, undefined, 4]);
});

Deno.test("set() remembers nothing when there is no room at all", () => {
  const cache = new LruCache<number>(0);
  cache.set("a", 1);
  assertEquals(cache.get("a"), undefined);
});

Deno.test("a cache knows the values that were set last", () => {
  const key = fc.constantFrom("a", "b", "c", "d", "e");
  const steps = fc.array(fc.tuple(key, fc.nat()));
  fc.assert(fc.property(fc.nat(4), steps, (capacity, steps) => {
    const cache = new LruCache<number>(capacity);
    let model: [string, number][] = [];
    for (const [key, value] of steps) {
      cache.set(key, value);
      model = [...model.filter(([other]) => other !== key), [key, value]];
    }
    const last = new Map(capacity === 0 ? [] : model.slice(-capacity));
    for (const key of "abcde") assertEquals(cache.get(key), last.get(key));
  }));
});
