/**
 * What reaches whom.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { shardOf } from "../../../internal/hash.ts";
import { createEvent, decodeEvent, type Event } from "../../../store/mod.ts";
import type { BusContract } from "./fixture.ts";
import {
  BusReader,
  inPlace,
  makeEvent,
  makeFickle,
  namespacesOf,
  pendingOf,
  publishVersions,
  upTo,
  versionsOf,
} from "./helpers.ts";

const namespaces = [
  "orders",
  "orders.eu",
  "orders.eu.north",
  "orders.us",
  "stock",
  "stock.eu",
  "a.b.c.d.e.f",
  "a.b.c.d.e.f.g",
  "a.b.c.d.e.f.h",
  "a.b.c.d.e.f.g.h",
  "__internal__",
  "__a.b__",
  "__",
  "____",
  "_x_",
  "__x_",
  ".hidden",
  "with space",
  "Straße.eu",
  "*",
  "a.*",
  "a.>",
  "=HH_HH",
];

/** Which namespaces each pattern matches. */
const matching: [pattern: string, namespaces: string[]][] = [
  ["orders", ["orders"]],
  ["orders.eu", ["orders.eu"]],
  ["orders.*", ["orders.eu", "orders.us"]],
  ["orders.>", ["orders.eu", "orders.eu.north", "orders.us"]],
  ["*.eu", ["orders.eu", "stock.eu", "Straße.eu"]],
  ["*.*.north", ["orders.eu.north"]],
  ["*.eu.>", ["orders.eu.north"]],
  ["Straße.*", ["Straße.eu"]],
  ["with space", ["with space"]],
  ["=HH_HH", ["=HH_HH"]],
  ["__internal__", ["__internal__"]],
  ["__a.b__", ["__a.b__"]],
  ["__", ["__"]],
  ["__x_", ["__x_"]],
  ["nothing", []],
  ["orders.eu.north.*", []],
  ["a.b.c.d.e.f", ["a.b.c.d.e.f"]],
  ["a.b.c.d.e.f.g", ["a.b.c.d.e.f.g"]],
  ["a.b.c.d.e.*", ["a.b.c.d.e.f"]],
  ["a.b.c.d.e.f.*", ["a.b.c.d.e.f.g", "a.b.c.d.e.f.h"]],
  ["a.b.c.d.e.f.>", ["a.b.c.d.e.f.g", "a.b.c.d.e.f.h", "a.b.c.d.e.f.g.h"]],
  ["*.*.*.*.*.*.*.h", ["a.b.c.d.e.f.g.h"]],
  [">", namespaces.filter((name) => !/^__.+__$/.test(name))],
  ["*", namespaces.filter((name) => !/^__.+__$|.\./.test(name))],
];

/** Registers the tests. */
export function deliveringContract({ test }: BusContract): void {
  for (const [pattern, expected] of matching) {
    test(`subscribe() to ${pattern} gets what it names`, async (fixture) => {
      const { bus, publisher } = fixture;
      await using subscription = bus.subscribe(pattern);
      await inPlace(subscription);
      for (const [i, namespace] of namespaces.entries()) {
        await publisher.publish(namespace, makeEvent("order-1", i + 1));
      }
      assertEquals(await namespacesOf(fixture, subscription), expected);
    });
  }

  test("subscribe() gets the event as it was published, frozen", async (fixture) => {
    const { bus, publisher } = fixture;
    const events: Event[] = [
      makeEvent(),
      makeEvent("order-1", 2, {
        id: "an id, any",
        eventType: "Größe geändert",
        commandId: "command-1",
        data: { nested: [{ a: [1, null, true, "x"] }], "": 0, text: "\u2028" },
        metadata: { userId: "jane", traceId: "abc" },
      }),
      createEvent({
        eventType: "T",
        actorId: "..a..b..",
        version: 3,
        data: {},
      }),
      decodeEvent(
        '{"id":"e","eventType":"T","actorId":"a","version":4,"data":{},' +
          '"timestamp":"2024-01-01T00:00:00Z","unknown":{"kept":[1]}}',
      ),
    ];
    const before = structuredClone(events);
    await using one = bus.subscribe("orders");
    await using other = bus.subscribe(">");
    await inPlace(one, other);
    for (const event of events) await publisher.publish("orders", event);
    for (const subscription of [one, other]) {
      const all = await pendingOf(fixture, subscription);
      assertEquals(
        all,
        before.map((event) => ({ namespace: "orders", event })),
      );
      assert(all.every(deeplyFrozen));
    }
    assertEquals(events, before);
    assert(!Object.isFrozen(events[0]));
  });

  test("publish() takes the event as it is when it is called", async (fixture) => {
    const { bus, publisher } = fixture;
    await using subscription = bus.subscribe("orders");
    await inPlace(subscription);
    const event = makeEvent("order-1", 1, { data: { list: [1] } });
    const published = publisher.publish("orders", event);
    (event.data.list as number[]).push(2);
    (event as { actorId: string }).actorId = "other";
    await published;
    const [delivery] = await pendingOf(fixture, subscription);
    assertEquals(delivery!.event.data, { list: [1] });
    assertEquals(delivery!.event.actorId, "order-1");
  });

  test("an event is what it was when it was read first", async (fixture) => {
    const { bus, publisher } = fixture;
    const filter = { eventTypes: ["OrderPlaced"], actors: "order-1" };
    await using subscription = bus.subscribe("orders", filter);
    await inPlace(subscription);
    const event = makeEvent("order-1", 1);
    await publisher.publish("orders", makeFickle(event));
    const deliveries = await pendingOf(fixture, subscription);
    assertEquals(deliveries.map(({ event }) => event), [event]);
  });

  test("subscribe() gets the events of a publisher in order, each once", async (fixture) => {
    const { bus, publisher } = fixture;
    const count = 2_000;
    await using one = bus.subscribe("*", { buffer: count });
    await using all = bus.subscribe(">", { buffer: 2 * count });
    await inPlace(one, all);
    const versions = upTo(count);
    const publish = (version: number) => [
      publisher.publish("orders", makeEvent(`o.${version % 7}`, version)),
      publisher.publish(
        "a.b.c.d.e.f.g",
        makeEvent("x", version, { eventType: `T${version % 5}` }),
      ),
    ];
    // First publishes wait a second for the server at most, so few at a time.
    await Promise.all(versions.slice(0, 20).flatMap(publish));
    await Promise.all(versions.slice(20).flatMap(publish));
    assertEquals(await versionsOf(fixture, one), versions);
    const deliveries = await pendingOf(fixture, all);
    for (const namespace of ["orders", "a.b.c.d.e.f.g"]) {
      const own = deliveries.filter((each) => each.namespace === namespace);
      assertEquals(own.map(({ event }) => event.version), versions);
    }
  });

  test("subscribe() filters by any of several event types", async (fixture) => {
    const { bus, publisher } = fixture;
    const eventTypes = ["A", "B b", "C"];
    await using subscription = bus.subscribe("orders", { eventTypes });
    await inPlace(subscription);
    for (const [i, eventType] of ["A", "B", "B b", "C", "a", "C.d"].entries()) {
      const event = makeEvent("order-1", i + 1, { eventType });
      await publisher.publish("orders", event);
    }
    assertEquals(await versionsOf(fixture, subscription), [1, 3, 4]);
  });

  test("subscribe() filters by a pattern over actors", async (fixture) => {
    const { bus, publisher } = fixture;
    const actorIds = ["order.1", "order.2", "order.1.a", "order", "Größe.1"];
    const expected: [string, number[]][] = [
      ["order.1", [1]],
      ["order.*", [1, 2]],
      ["order.>", [1, 2, 3]],
      ["*.1", [1, 5]],
      ["Größe.*", [5]],
      [">", [1, 2, 3, 4, 5]],
      ["none", []],
    ];
    const subscriptions = expected.map(([actors]) =>
      bus.subscribe("orders", { actors })
    );
    await inPlace(...subscriptions);
    for (const [i, actorId] of actorIds.entries()) {
      await publisher.publish("orders", makeEvent(actorId, i + 1));
    }
    for (const [i, [, versions]] of expected.entries()) {
      assertEquals(await versionsOf(fixture, subscriptions[i]!), versions);
      await subscriptions[i]!.close();
    }
  });

  test("subscribe() delivers an event once when several patterns match it", async (fixture) => {
    const { bus, publisher } = fixture;
    const actors = ["order.*", "*.1", "order.1", "cart.>"];
    const subscription = bus.subscribe("orders", { actors });
    await inPlace(subscription);
    const actorIds = ["order.1", "order.2", "room.1", "room.2", "cart.a.b"];
    for (const [i, actorId] of actorIds.entries()) {
      await publisher.publish("orders", makeEvent(actorId, i + 1));
    }
    assertEquals(await versionsOf(fixture, subscription), [1, 2, 3, 5]);
    await subscription.close();
  });

  test("subscribe() takes actor ids as they are", async (fixture) => {
    const { bus, publisher } = fixture;
    const ids = ["order.*", ">", "v1.0.", "a", "order.1", "*"];
    const subscriptions = [
      ...ids.map((actorIds) => bus.subscribe("orders", { actorIds })),
      bus.subscribe("orders", { actorIds: ids, actors: "order.>" }),
      bus.subscribe("orders", { actorIds: ["a", ">"], eventTypes: ["B"] }),
    ];
    await inPlace(...subscriptions);
    for (const [i, actorId] of ids.entries()) {
      const eventType = i % 2 === 0 ? "A" : "B";
      await publisher.publish(
        "orders",
        makeEvent(actorId, i + 1, { eventType }),
      );
    }
    const expected = [...ids.map((_, i) => [i + 1]), [1, 5], [2, 4]];
    for (const [i, subscription] of subscriptions.entries()) {
      assertEquals(await versionsOf(fixture, subscription), expected[i]!);
      await subscription.close();
    }
  });

  test("subscribe() shares actors among partitions", async (fixture) => {
    const { bus, publisher } = fixture;
    const shares = [[0, 2], [1], [3]].map((indexes) =>
      bus.subscribe("orders", {
        partition: { count: 4, indexes },
        buffer: 1_000,
      })
    );
    await inPlace(...shares);
    for (let i = 1; i <= 40; i++) {
      await publisher.publish("orders", makeEvent(`order-${i}`, i));
    }
    const versions = [];
    for (const [i, share] of shares.entries()) {
      const own = await versionsOf(fixture, share);
      const indexes = [[0, 2], [1], [3]][i]!;
      for (const version of own) {
        assert(indexes.includes(shardOf(`order-${version}`, 4)));
      }
      versions.push(...own);
      await share.close();
    }
    assertEquals(
      versions.toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
  });

  test("subscribe() joins its filters with and", async (fixture) => {
    const { bus, publisher } = fixture;
    const filters = [
      { eventTypes: ["A"], actors: "order.1" },
      { eventTypes: ["A", "B"], actors: "order.*" },
    ];
    const [literal, wild] = filters.map((filter) =>
      bus.subscribe("orders.>", filter)
    );
    await inPlace(literal!, wild!);
    let version = 0;
    for (const namespace of ["orders.eu", "stock.eu"]) {
      for (const eventType of ["A", "B", "C"]) {
        for (const actorId of ["order.1", "order.2", "other.1"]) {
          const event = makeEvent(actorId, ++version, { eventType });
          await publisher.publish(namespace, event);
        }
      }
    }
    assertEquals(await versionsOf(fixture, literal!), [1]);
    assertEquals(await versionsOf(fixture, wild!), [1, 2, 4, 5]);
    await literal!.close();
    await wild!.close();
  });

  test("subscribe() takes more event types than there are subjects for", async (fixture) => {
    const { bus, publisher } = fixture;
    const eventTypes = upTo(600).map((i) => `T${i}`);
    await using subscription = bus.subscribe(">", { eventTypes });
    await inPlace(subscription);
    for (const [i, eventType] of ["T0", "T1", "T600", "T601"].entries()) {
      const event = makeEvent("order-1", i + 1, { eventType });
      await publisher.publish("orders", event);
    }
    assertEquals(await versionsOf(fixture, subscription), [2, 3]);
  });

  test("subscribe() gives each subscription a buffer of its own", async (fixture) => {
    const { bus } = fixture;
    const small = bus.subscribe("orders", { buffer: 1 });
    const large = bus.subscribe("orders", { buffer: 5 });
    await inPlace(small, large);
    await publishVersions(fixture, upTo(3));
    assertEquals([small.pending, small.dropped], [1, 2]);
    assertEquals([large.pending, large.dropped], [3, 0]);
    assertEquals(await versionsOf(fixture, large), upTo(3));
    await small.close();
    await publishVersions(fixture, [4]);
    assertEquals(await large.pending, 1);
    await large.close();
  });

  test("publish() succeeds when nobody listens", async ({ publisher }) => {
    await publisher.publish("orders", makeEvent());
  });

  test("subscribe() gets nothing of what was published before", async (fixture) => {
    const { bus, publisher } = fixture;
    await publisher.publish("orders", makeEvent("order-1", 1));
    await fixture.settle();
    await using subscription = bus.subscribe("orders");
    await inPlace(subscription);
    await publisher.publish("orders", makeEvent("order-1", 2));
    assertEquals(await versionsOf(fixture, subscription), [2]);
  });

  test("an iteration that waits gets what comes, each call its own", async (fixture) => {
    const { bus } = fixture;
    await using subscription = bus.subscribe("orders");
    await inPlace(subscription);
    const reader = new BusReader(subscription);
    const waiting = [reader.next(), reader.next(), reader.next()];
    await publishVersions(fixture, upTo(3));
    const got = await Promise.all(waiting);
    assertEquals(got.map(({ event }) => event.version), upTo(3));
    assertEquals([subscription.delivered, subscription.pending], [3, 0]);
  });
}

function deeplyFrozen(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(deeplyFrozen);
}
