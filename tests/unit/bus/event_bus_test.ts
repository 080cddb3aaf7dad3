import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  BusClosedError,
  EventBus,
  type Subscription,
} from "../../../bus/mod.ts";
import { createEvent } from "../../../store/mod.ts";
import { testBusContract } from "../../support/bus_contract.ts";
import { FakeMeter } from "../../support/fake_meter.ts";
import {
  assertErrorIs,
  BusReader,
  makeEvent,
  reasonOf,
  upTo,
} from "../../support/bus_contract/helpers.ts";

testBusContract(Deno.test, "EventBus", {
  blocks: true,
  open(options) {
    const bus = new EventBus(options);
    return Promise.resolve({
      bus,
      publisher: bus,
      settle: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => bus.close(),
    });
  },
});

Deno.test("the gauge of waiting events goes on when a subscription has ended", async () => {
  const meter = new FakeMeter();
  const levels = () => meter.collect().map(([level]) => level);
  await using bus = new EventBus({ meter });
  const subscription = bus.subscribe("orders", {
    buffer: 2,
    overflow: "error",
  });
  for (const version of upTo(2)) {
    await bus.publish("orders", makeEvent("o", version));
  }
  assertEquals(levels(), [2]);
  await bus.publish("orders", makeEvent("o", 3)); // which ends it
  assertEquals([subscription.pending, levels()], [2, [2]]);
  const reader = new BusReader(subscription);
  await reader.next();
  assertEquals([subscription.pending, levels()], [1, [1]]);
  await reader.next();
  assertEquals(levels(), [0]);
});

Deno.test("block: publish() waits until there is room, in order", async () => {
  await using bus = new EventBus();
  await using subscription = bus.subscribe("orders", {
    buffer: 2,
    overflow: "block",
  });
  const settled: number[] = [];
  const publishing = upTo(5).map((version) =>
    bus.publish("orders", makeEvent("o", version)).then(() =>
      settled.push(version)
    )
  );
  await turns();
  assertEquals(settled, [1, 2]);
  assertEquals([subscription.pending, subscription.dropped], [2, 0]);
  const reader = new BusReader(subscription);
  for (const version of upTo(5)) {
    assertEquals(await reader.versions(1), [version]);
    await turns();
    assertEquals(settled.length, Math.min(5, version + 2));
  }
  await Promise.all(publishing);
  assertEquals(settled, upTo(5));
  assertEquals([subscription.delivered, subscription.dropped], [5, 0]);
});

Deno.test("block: others get the event before there is room", async () => {
  await using bus = new EventBus();
  await using slow = bus.subscribe("orders", { buffer: 1, overflow: "block" });
  await using fast = bus.subscribe("orders");
  await bus.publish("orders", makeEvent("o", 1));
  const publishing = bus.publish("orders", makeEvent("o", 2));
  assertEquals([slow.pending, fast.pending], [1, 2]);
  assertEquals(await new BusReader(slow).versions(2), [1, 2]);
  await publishing;
});

Deno.test("block: publish() waits for all that are full", async () => {
  await using bus = new EventBus();
  const subscriptions = upTo(2).map(() =>
    bus.subscribe("orders", { buffer: 1, overflow: "block" })
  );
  await bus.publish("orders", makeEvent("o", 1));
  let settled = false;
  const publishing = bus.publish("orders", makeEvent("o", 2))
    .then(() => settled = true);
  await new BusReader(subscriptions[0]!).next();
  await turns();
  assertEquals(settled, false);
  await new BusReader(subscriptions[1]!).next();
  await publishing;
});

Deno.test("block: a publish that gives up drops the event and goes out of the way", async () => {
  await using bus = new EventBus();
  const dropped: number[] = [];
  await using subscription = bus.subscribe("orders", {
    buffer: 1,
    overflow: "block",
    onDrop: ({ version }) => dropped.push(version),
  });
  const controller = new AbortController();
  const { signal } = controller;
  await bus.publish("orders", makeEvent("o", 1), { signal });
  const gaveUp = reasonOf(() =>
    bus.publish("orders", makeEvent("o", 2), { signal })
  );
  const publishing = bus.publish("orders", makeEvent("o", 3));
  controller.abort(new Error("enough"));
  assertEquals(await gaveUp, signal.reason);
  assertEquals(dropped, [2]);
  assertEquals(await new BusReader(subscription).versions(2), [1, 3]);
  await publishing;
  assertEquals([subscription.delivered, subscription.dropped], [2, 1]);
});

Deno.test("block: a publish that is given up by an onDrop on its way does not wait", async () => {
  await using bus = new EventBus();
  const controller = new AbortController();
  const { signal } = controller;
  const full = { buffer: 1 };
  await using _dropping = bus.subscribe("orders", {
    ...full,
    onDrop: () => controller.abort(),
  });
  await using blocking = bus.subscribe("orders", {
    ...full,
    overflow: "block",
  });
  await bus.publish("orders", makeEvent("o", 1));
  const reason = await reasonOf(() =>
    bus.publish("orders", makeEvent("o", 2), { signal })
  );
  assertEquals(reason, signal.reason);
  assertEquals([blocking.pending, blocking.dropped], [1, 1]);
});

Deno.test("block: who leaves lets the publishers go", async () => {
  await using bus = new EventBus();
  for (const how of ["close", "abort"]) {
    const controller = new AbortController();
    const subscription = bus.subscribe("orders", {
      buffer: 1,
      overflow: "block",
      signal: controller.signal,
    });
    await bus.publish("orders", makeEvent("o", 1));
    const publishing = upTo(3).map(() => bus.publish("orders", makeEvent()));
    if (how === "close") await subscription.close();
    else controller.abort();
    await Promise.all(publishing);
    assertEquals([subscription.pending, subscription.dropped], [0, 0]);
  }
});

Deno.test("block: who leaves lets publishes with the same signal go, whatever else waits", async () => {
  await using bus = new EventBus();
  const controller = new AbortController();
  const { signal } = controller;
  const full = { buffer: 1, overflow: "block" } as const;
  await using other = bus.subscribe("other", full);
  await bus.publish("other", makeEvent("o", 1));
  const elsewhere = reasonOf(() =>
    bus.publish("other", makeEvent("o", 2), { signal })
  );
  const leaving = bus.subscribe("orders", { ...full, signal });
  await bus.publish("orders", makeEvent("o", 1));
  const publishing = bus.publish("orders", makeEvent("o", 2), { signal });
  controller.abort();
  await publishing;
  assertEquals(await elsewhere, signal.reason);
  assertEquals([leaving.dropped, other.dropped], [0, 1]);
});

Deno.test("block: closing the bus fails the publishes that wait", async () => {
  const bus = new EventBus();
  const subscription = bus.subscribe("orders", {
    buffer: 1,
    overflow: "block",
  });
  await bus.publish("orders", makeEvent("o", 1));
  const waiting = reasonOf(() => bus.publish("orders", makeEvent("o", 2)));
  await bus.close();
  assertErrorIs(await waiting, BusClosedError);
  const reader = new BusReader(subscription);
  assertEquals(await reader.versions(1), [1]);
  assertEquals(await reader.done(), true);
});

Deno.test("block: aborted publishes leave nothing behind", async () => {
  await using bus = new EventBus();
  await using subscription = bus.subscribe("orders", {
    buffer: 1,
    overflow: "block",
  });
  await bus.publish("orders", makeEvent());
  const listeners = { added: 0, removed: 0 };
  for (let i = 0; i < 100; i++) {
    const controller = new AbortController();
    const { signal } = controller;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: [never, never]) => {
      listeners.added++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: [never, never]) => {
      listeners.removed++;
      removeEventListener.apply(signal, args);
    };
    const publishing = reasonOf(() =>
      bus.publish("orders", makeEvent(), { signal })
    );
    controller.abort();
    await publishing;
  }
  assertEquals(listeners, { added: 100, removed: 100 });
  assertEquals(subscription.dropped, 100);
});

Deno.test("publish() takes effect when it is called", () => {
  const bus = new EventBus();
  const subscription = bus.subscribe("orders");
  bus.publish("orders", makeEvent());
  assertEquals(subscription.pending, 1);
  bus.close();
});

Deno.test("publish() hands out sealed events as they are, others as one copy", async () => {
  await using bus = new EventBus();
  const one = new BusReader(bus.subscribe("orders"));
  const other = new BusReader(bus.subscribe(">"));
  const sealed = createEvent({ ...makeEvent(), version: 1 });
  const given = makeEvent("o", 2);
  await bus.publish("orders", sealed);
  await bus.publish("orders", given);
  assertStrictEquals((await one.next()).event, sealed);
  const copy = (await one.next()).event;
  assert(copy !== given);
  assertStrictEquals((await other.next()).event, sealed);
  assertStrictEquals((await other.next()).event, copy);
});

Deno.test("publish() reaches subscriptions that come and go between", async () => {
  await using bus = new EventBus();
  const patterns = ["a", "a.b", "*", "a.*", "a.>", ">", "*.b", "__x__"];
  const namespaces = ["a", "a.b", "a.b.c", "__x__"];
  const subscriptions = new Map<string, Subscription>();
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor(seed / 2 ** 31 * below);
  };
  const matchers = new Map([
    ["a", /^a$/],
    ["a.b", /^a\.b$/],
    ["*", /^a$/],
    ["a.*", /^a\.b$/],
    ["a.>", /^a\../],
    [">", /^a/],
    ["*.b", /^a\.b$/],
    ["__x__", /^__x__$/],
  ]);
  for (let step = 0; step < 2000; step++) {
    const pattern = patterns[random(patterns.length)]!;
    if (random(3) === 0) {
      await subscriptions.get(pattern)?.close();
      subscriptions.delete(pattern);
    } else if (!subscriptions.has(pattern)) {
      const subscription = bus.subscribe(pattern, { buffer: 1 });
      subscriptions.set(pattern, subscription);
    }
    const namespace = namespaces[random(namespaces.length)]!;
    const seen = (each: Subscription) => each.pending + each.dropped;
    const before = new Map(
      [...subscriptions].map(([name, each]) => [name, seen(each)]),
    );
    await bus.publish(namespace, makeEvent());
    for (const [name, each] of subscriptions) {
      const expected = matchers.get(name)!.test(namespace) ? 1 : 0;
      assertEquals(seen(each) - before.get(name)!, expected, `${name} ${step}`);
    }
  }
});

/** Lets everything that is due be done. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await undefined;
}

Deno.test("what onDrop publishes comes to everybody after what was dropped", async () => {
  await using bus = new EventBus();
  bus.subscribe("orders", {
    buffer: 1,
    onDrop: ({ version }) => {
      if (version < 4) bus.publish("orders", makeEvent("o", version + 2));
    },
  });
  await using subscription = bus.subscribe("orders");
  for (const version of [1, 2]) {
    await bus.publish("orders", makeEvent("o", version));
  }
  // 2 and 4 were dropped; without its turn 4 would come before 2.
  await bus.publish("orders", makeEvent("o", 9));
  const reader = new BusReader(subscription);
  const versions: number[] = [];
  for (let i = 0; i < 4; i++) {
    versions.push((await reader.next()).event.version);
  }
  assertEquals(versions, [1, 2, 4, 9]);
});

Deno.test("new EventBus() takes options that are undefined", async () => {
  await using bus = new EventBus({
    meter: undefined,
    activeSpan: undefined,
    onError: undefined,
  });
  assertEquals(bus.metrics.published, 0);
});
