import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Ring } from "../../../internal/ring_buffer.ts";

Deno.test("a ring gives back what it was given, in order", () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant("push" as const) },
      { weight: 2, arbitrary: fc.constant("shift" as const) },
      { weight: 1, arbitrary: fc.constant("clear" as const) },
    ),
    { maxLength: 200 },
  );
  fc.assert(fc.property(steps, (steps) => {
    const ring = new Ring<{ n: number }>();
    const model: { n: number }[] = [];
    let n = 0;
    for (const step of steps) {
      if (step === "push") {
        const item = { n: ++n };
        ring.push(item);
        model.push(item);
      } else if (step === "shift") {
        assertEquals(ring.shift(), model.shift());
      } else if (n % 7 === 0) {
        ring.clear();
        model.length = 0;
      }
      assertEquals(ring.size, model.length);
    }
    while (model.length > 0) assertEquals(ring.shift(), model.shift());
    assertEquals(ring.shift(), undefined);
  }));
});
