import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { NO_TAIL, type Tail, TailCache } from "../../../store/_tail_cache.ts";
import { FIRST_TRAIL } from "../../../store/_trail.ts";

const tail = (sequence: number, trail?: Tail["trail"]): Tail => ({
  version: sequence,
  sequence,
  eventId: `event-${sequence}`,
  trail,
});

Deno.test("TailCache remembers the latest tail of an actor", () => {
  const tails = new TailCache(10);
  assertEquals(tails.get("a"), undefined);
  tails.advance("a", tail(5));
  assertEquals(tails.advance("a", tail(3)), tail(5));
  assertEquals(tails.get("a"), tail(5));
  tails.advance("a", tail(6));
  assertEquals(tails.get("a"), tail(6));
  tails.forget("a");
  assertEquals(tails.get("a"), undefined);
});

Deno.test("TailCache keeps a trail when the same tail comes without one", () => {
  const tails = new TailCache(10);
  tails.advance("a", tail(5));
  tails.advance("a", tail(5, FIRST_TRAIL));
  assertEquals(tails.get("a"), tail(5, FIRST_TRAIL));
  tails.advance("a", tail(5));
  assertEquals(tails.get("a"), tail(5, FIRST_TRAIL));
});

Deno.test("TailCache forgets whoever was used longest ago when it is full", () => {
  const tails = new TailCache(2);
  tails.advance("a", tail(1));
  tails.advance("b", tail(2));
  assertEquals(tails.hasEvicted, false);
  tails.advance("a", tail(3));
  tails.advance("c", tail(4));
  assertEquals(tails.hasEvicted, true);
  assertEquals(tails.get("b"), undefined);
  assertEquals(tails.get("a"), tail(3));
  assertEquals(tails.get("c"), tail(4));
});

Deno.test("TailCache tells the highest sequence it has seen, also of forgotten actors", () => {
  const tails = new TailCache(1);
  assertEquals(tails.highest, NO_TAIL.sequence);
  tails.advance("a", tail(9));
  tails.advance("b", tail(4));
  assertEquals(tails.highest, 9);
});

Deno.test("TailCache holds what a list in the order of use would hold", () => {
  const actor = fc.constantFrom("a", "b", "c", "d", "e");
  const how = fc.constantFrom("advance", "use", "forget");
  const step = fc.record({ actor, how });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(step, { maxLength: 40 }),
      (capacity, steps) => {
        const tails = new TailCache(capacity);
        const model: string[] = [];
        steps.forEach(({ actor, how }, i) => {
          const forget = how === "forget";
          const place = model.indexOf(actor);
          if (place !== -1) model.splice(place, 1);
          else if (!forget && model.length === capacity) model.shift();
          if (forget) return tails.forget(actor);
          model.push(actor);
          const known = how === "use" ? tails.get(actor) : undefined;
          tails.advance(actor, known ?? tail(i + 1));
        });
        const held = ["a", "b", "c", "d", "e"].filter((actor) =>
          tails.get(actor) !== undefined
        );
        assertEquals(held, model.toSorted());
      },
    ),
  );
});
