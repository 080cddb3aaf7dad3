import { assertEquals, assertRejects } from "@std/assert";
import { MemoryLog } from "../../../../store/memory/_event_log.ts";
import { InMemoryEventStore } from "../../../../store/mod.ts";
import { MemorySubscription } from "../../../../store/memory/_memory_subscription.ts";
import { resolveSubscribe } from "../../../../store/read_arguments.ts";
import type { Event } from "../../../../event/event.ts";
import type { SubscribeOptions } from "../../../../store/event_store.ts";
import { makeEvent, Reader } from "../../../support/contract/helpers.ts";

/** A log that counts who waits, and whom it woke. */
class CountingLog extends MemoryLog<Event> {
  readonly waiting = new Set<() => void>();
  woken = 0;

  override wait(wake: () => void): void {
    this.waiting.add(wake);
    super.wait(() => {
      if (this.waiting.delete(wake)) this.woken++;
      wake();
    });
  }

  override unwait(wake: () => void): void {
    this.waiting.delete(wake);
    super.unwait(wake);
  }

  save(event: Event): void {
    this.append(event, this.history(event.actorId), undefined);
    this.wakeAll();
  }
}

function subscribe(
  log: MemoryLog<Event>,
  options?: SubscribeOptions,
): { subscription: MemorySubscription<Event>; open: Set<unknown> } {
  const open = new Set<MemorySubscription<Event>>();
  const resolved = resolveSubscribe(options);
  return { subscription: new MemorySubscription(log, resolved, open), open };
}

Deno.test("wakeAll() wakes each waiter once", () => {
  const log = new MemoryLog<Event>();
  const calls: string[] = [];
  const again = () => {
    calls.push("again");
    log.wait(again);
  };
  const left = () => calls.push("left");
  log.wait(() => calls.push("once"));
  log.wait(again);
  log.wait(left);
  log.unwait(left);
  log.wakeAll();
  assertEquals(calls, ["once", "again"]);
  log.wakeAll();
  assertEquals(calls, ["once", "again", "again"]);
});

Deno.test("a subscription waits only while somebody wants its next event", async () => {
  const log = new CountingLog();
  const { subscription } = subscribe(log, { actors: "a" });
  const reader = new Reader(subscription);
  log.save(makeEvent("a", 1));
  await reader.next();
  assertEquals(log.waiting.size, 0);
  const next = reader.next();
  assertEquals(log.waiting.size, 1);
  log.save(makeEvent("b", 1));
  assertEquals([log.waiting.size, log.woken], [1, 1]);
  log.save(makeEvent("a", 2));
  assertEquals([log.waiting.size, log.woken], [0, 2]);
  await next;
  log.save(makeEvent("a", 3));
  log.save(makeEvent("b", 2));
  assertEquals(log.woken, 2);
});

Deno.test("a subscription that ends waits no longer, and is kept no longer", async () => {
  const ends: ((subscription: MemorySubscription<Event>) => unknown)[] = [
    (subscription) => subscription[Symbol.asyncDispose](),
    (subscription) => subscription.fail(new Error("enough")),
  ];
  for (const end of ends) {
    const log = new CountingLog();
    const { subscription, open } = subscribe(log);
    const next = new Reader(subscription).done().catch(() => {});
    assertEquals([log.waiting.size, open.size], [1, 1]);
    await end(subscription);
    await next;
    assertEquals([log.waiting.size, open.size], [0, 0]);
  }
  const { subscription, open } = subscribe(new CountingLog(), { live: false });
  assertEquals(open.size, 0);
  assertEquals(await new Reader(subscription).done(), true);
});

Deno.test("a subscription that could not begin is not kept", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  for (const options of [{ after: "nonsense" }, { signal }]) {
    const { subscription, open } = subscribe(new CountingLog(), options);
    assertEquals(open.size, 0);
    await assertRejects(() => new Reader(subscription).next());
  }
});

Deno.test("checkpoint is where the subscription would have begun when it was aborted before", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvent(makeEvent("a", 1));
  const signal = AbortSignal.abort();
  for (const after of [undefined, "end"] as const) {
    await using begun = store.subscribe({ after });
    const { checkpoint } = begun;
    assertEquals(store.subscribe({ after, signal }).checkpoint, checkpoint);
  }
});

Deno.test("checkpoint stays where a subscription ended", async () => {
  await using store = new InMemoryEventStore();
  await store.saveEvent(makeEvent("a", 1));
  const subscription = store.subscribe();
  const reader = new Reader(subscription);
  const { checkpoint } = await reader.next();
  await reader[Symbol.asyncDispose]();
  await store.saveEvent(makeEvent("a", 2));
  assertEquals(subscription.checkpoint, checkpoint);
});

Deno.test("several calls of next() that wait are told of a failure once", async () => {
  await using store = new InMemoryEventStore();
  const controller = new AbortController();
  const subscription = store.subscribe({ signal: controller.signal });
  const iterator = subscription[Symbol.asyncIterator]();
  const waiting = [iterator.next(), iterator.next(), iterator.next()];
  const reason = new Error("enough");
  controller.abort(reason);
  const results = await Promise.allSettled(waiting);
  const done = { status: "fulfilled", value: { done: true, value: undefined } };
  assertEquals<unknown[]>(results, [
    { status: "rejected", reason },
    done,
    done,
  ]);
});
