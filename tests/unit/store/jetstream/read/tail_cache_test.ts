import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  NO_TAIL,
  type Tail,
  TailCache,
} from "../../../../../store/jetstream/read/tail_cache.ts";
import { FIRST_TRAIL } from "../../../../../store/jetstream/stream/trail.ts";

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
  tails.forget("a", 6);
  assertEquals(tails.get("a"), undefined);
});

Deno.test("TailCache does not forget what is later than what has expired", () => {
  const tails = new TailCache(10);
  tails.advance("a", tail(5));
  tails.forget("a", 4);
  assertEquals(tails.get("a"), tail(5));
  tails.forget("a", 5);
  assertEquals(tails.get("a"), undefined);
  assertEquals(tails.unconfirmedOf("a"), 0);
  tails.advance("a", tail(6));
  tails.noteSeen("a", 8);
  tails.forget("a", 6);
  assertEquals(tails.get("a"), undefined);
  assertEquals(tails.unconfirmedOf("a"), 8);
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
  assertEquals(tails.unconfirmedOf("b"), 0);
  tails.advance("a", tail(3));
  tails.advance("c", tail(4));
  assertEquals(tails.unconfirmedOf("b"), 2);
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
          if (forget) return tails.forget(actor, Infinity);
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

Deno.test("TailCache tells how far it may have seen more than it remembers", () => {
  const tails = new TailCache(1);
  tails.advance("a", tail(7));
  assertEquals(tails.unconfirmedOf("a"), 0);
  tails.advance("b", tail(8));
  assertEquals(tails.unconfirmedOf("a"), 7);
  assertEquals(tails.unconfirmedOf("b"), 0);
  tails.advance("a", tail(5), 6);
  assertEquals(tails.unconfirmedOf("a"), 7);
  tails.advance("a", tail(5), 7);
  assertEquals(tails.unconfirmedOf("a"), 0);
  tails.noteSeen("a", 9);
  assertEquals(tails.unconfirmedOf("a"), 9);
  tails.advance("c", tail(3));
  assertEquals(tails.unconfirmedOf("a"), 9);
  tails.advance("a", tail(9));
  assertEquals(tails.unconfirmedOf("a"), 0);
  tails.noteSeen("d", 20);
  assertEquals(tails.unconfirmedOf("d"), 20);
  assertEquals(tails.highest, 20);
  tails.noteSeen("a", 8);
  assertEquals(tails.unconfirmedOf("a"), 0);
});

Deno.test("TailCache lets no read go back that asks as far as it is unsure", () => {
  const actor = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    fc.record({ what: fc.constant("save" as const), actor }),
    fc.record({ what: fc.constant("begin" as const), actor }),
    fc.record({
      what: fc.constant("end" as const),
      which: fc.nat(),
      lag: fc.constantFrom(0, 0, 0.5, 1),
    }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 }),
      fc.array(step, { minLength: 50, maxLength: 150 }),
      (capacity, steps) => {
        const tails = new TailCache(capacity);
        const stream: string[] = [];
        const shown = new Map<string, number>();
        const begin = (actor: string) => ({
          actor,
          known: tails.get(actor)?.sequence ?? 0,
          unsure: tails.unconfirmedOf(actor),
          floor: shown.get(actor) ?? 0,
        });
        const reads: ReturnType<typeof begin>[] = [];
        for (const step of steps) {
          if (step.what === "save") stream.push(step.actor);
          else if (step.what === "begin") reads.push(begin(step.actor));
          else if (reads.length > 0) {
            const [read] = reads.splice(step.which % reads.length, 1);
            const { actor, known, unsure, floor } = read!;
            // What is told by a server that lags, but knows what it has to.
            const upTo = unsure +
              Math.round(step.lag * (stream.length - unsure));
            const told = stream.lastIndexOf(actor, upTo - 1) + 1;
            let last = Math.max(upTo === 0 ? 0 : told, known);
            if (last === 0) continue;
            last = tails.advance(actor, tail(last), unsure).sequence;
            assert(last >= floor, `${actor} was at ${floor}, is at ${last}`);
            shown.set(actor, Math.max(shown.get(actor) ?? 0, last));
          }
        }
      },
    ),
    { numRuns: 3_000 },
  );
});
