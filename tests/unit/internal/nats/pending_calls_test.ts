import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PendingCalls } from "../../../../internal/nats/_pending_calls.ts";

interface Value {
  readonly n: number;
}

Deno.test("PendingCalls finds what waits, however many come after it", () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 3_000 }) }),
    fc.record({ delete: fc.array(fc.nat(20_000), { maxLength: 50 }) }),
    fc.record({ keep: fc.nat(5) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const calls = new PendingCalls<Value>();
      const model = new Map<number, Value>();
      for (const step of steps) {
        if ("add" in step) {
          for (let n = 0; n < step.add; n++) {
            const value = { n };
            model.set(calls.add(value), value);
          }
        } else {
          // Here and there one, or all but a few stragglers.
          const gone = "delete" in step
            ? step.delete
            : [...model.keys()].slice(step.keep);
          for (const token of gone) {
            calls.delete(token);
            model.delete(token);
          }
        }
        assertEquals(calls.size, model.size);
        for (const [token, value] of model) {
          if (calls.get(token) !== value) throw new Error(`lost ${token}`);
        }
      }
      assertEquals(calls.entries(), [...model]);
    }),
    { numRuns: 50 },
  );
});

Deno.test("PendingCalls has nothing under a token that was taken out or never given", () => {
  const calls = new PendingCalls<Value>();
  const token = calls.add({ n: 1 });
  calls.delete(token);
  calls.delete(token);
  for (let n = 0; n < 4_095; n++) calls.add({ n });
  assertEquals(calls.get(token), undefined);
  for (const other of [-1, 4_096, NaN, 2 ** 40]) {
    calls.delete(other);
    assertEquals(calls.get(other), undefined);
  }
  assertEquals(calls.size, 4_095);
});
