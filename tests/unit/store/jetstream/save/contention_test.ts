import { assert, assertEquals } from "@std/assert";
import { Contention } from "../../../../../store/jetstream/save/_contention.ts";

Deno.test("Contention remembers a subject for a second", () => {
  const clock = { now: 5 };
  const contention = new Contention(() => clock.now);
  assertEquals(contention.size, 0);
  assert(!contention.has("a"));
  contention.note(["a", "b"]);
  clock.now += 999;
  assert(contention.has("a"));
  assert(contention.has("b"));
  assert(!contention.has("c"));
  clock.now += 1;
  assert(!contention.has("a"));
  assert(!contention.has("b"));
  assertEquals(contention.size, 0);
});

Deno.test("Contention remembers a subject for a second since it was last noted", () => {
  const clock = { now: 0 };
  const contention = new Contention(() => clock.now);
  contention.note(["a"]);
  clock.now = 400;
  contention.note(["b"]);
  clock.now = 800;
  contention.note(["a"]);
  clock.now = 1_399;
  assert(contention.has("a"));
  assert(contention.has("b"));
  clock.now = 1_400;
  assert(!contention.has("b"));
  assert(contention.has("a"));
  clock.now = 1_800;
  assert(!contention.has("a"));
});

Deno.test("Contention keeps no subject that was noted long ago", () => {
  const clock = { now: 0 };
  const contention = new Contention(() => clock.now);
  for (let i = 0; i < 100; i++) {
    contention.note([`${i}`]);
    clock.now += 100;
  }
  assertEquals(contention.size, 10);
});
