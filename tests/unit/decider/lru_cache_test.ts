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

Deno.test("a cache knows the last values, whatever is set and deleted", () => {
  const key = fc.constantFrom("a", "b", "c", "d", "e");
  const step = fc.oneof(
    fc.record({ set: key, value: fc.nat() }),
    fc.record({ delete: key }),
  );
  fc.assert(fc.property(fc.nat(4), fc.array(step), (capacity, steps) => {
    const cache = new LruCache<number>(capacity);
    let model: [string, number][] = [];
    for (const step of steps) {
      const changed = "set" in step ? step.set : step.delete;
      model = model.filter(([key]) => key !== changed);
      if ("set" in step) {
        cache.set(changed, step.value);
        model.push([changed, step.value]);
        if (model.length > capacity) model.shift();
      } else cache.delete(changed);
    }
    for (const key of "abcde") {
      assertEquals(cache.get(key), new Map(model).get(key));
    }
  }));
});
