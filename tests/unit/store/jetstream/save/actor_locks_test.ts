import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { ActorLocks } from "../../../../../store/jetstream/save/_actor_locks.ts";

Deno.test("tryAcquire() takes an actor once", () => {
  const locks = new ActorLocks();
  assert(locks.tryAcquire("a"));
  assert(!locks.tryAcquire("a"));
  assert(locks.tryAcquire("b"));
  locks.release("a");
  assert(locks.tryAcquire("a"));
});

Deno.test("acquire() serves who has waited longest first", async () => {
  const locks = new ActorLocks();
  const order: number[] = [];
  await locks.acquire(["a"]);
  const waiting = [1, 2, 3].map(async (n) => {
    await locks.acquire(["a"]);
    order.push(n);
    locks.release("a");
  });
  assertEquals(order, []);
  locks.release("a");
  await Promise.all(waiting);
  assertEquals(order, [1, 2, 3]);
  assert(locks.tryAcquire("a"));
});

Deno.test("acquire() gives back what it has taken when the signal is aborted", async () => {
  const locks = new ActorLocks();
  await locks.acquire(["b"]);
  const controller = new AbortController();
  const waiting = locks.acquire(["c", "b", "a"], controller.signal);
  const behind = locks.acquire(["b"]);
  controller.abort(new Error("given up"));
  await assertRejects(() => waiting, Error, "given up");
  assert(locks.tryAcquire("a"));
  assert(locks.tryAcquire("c"));
  locks.release("b");
  await behind;
  assert(!locks.tryAcquire("b"));
});

Deno.test("acquire() never lets two hold one actor, and lets everybody at last", async () => {
  const actorIds = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), {
    minLength: 1,
  });
  await fc.assert(fc.asyncProperty(fc.array(actorIds), async (calls) => {
    const locks = new ActorLocks();
    const held = new Set<string>();
    await Promise.all(calls.map(async (actorIds) => {
      await locks.acquire(actorIds);
      for (const actorId of actorIds) {
        assert(!held.has(actorId));
        held.add(actorId);
      }
      await Promise.resolve();
      for (const actorId of actorIds) held.delete(actorId);
      for (const actorId of actorIds) locks.release(actorId);
    }));
    for (const actorId of ["a", "b", "c", "d"]) {
      assert(locks.tryAcquire(actorId));
    }
  }));
});

Deno.test("acquire() keeps the order of the calls, however many actors they have", async () => {
  const locks = new ActorLocks();
  const order: string[] = [];
  const run = async (name: string, actorIds: string[]) => {
    await locks.acquire(actorIds);
    order.push(name);
    await Promise.resolve();
    for (const actorId of actorIds) locks.release(actorId);
  };
  await locks.acquire(["a"]);
  const runs = [
    run("first", ["a", "z"]),
    run("second", ["z"]),
    run("third", ["m", "z"]),
    run("alone", ["m2"]),
  ];
  await runs.at(-1);
  locks.release("a");
  await Promise.all(runs);
  assertEquals(order, ["alone", "first", "second", "third"]);
});
