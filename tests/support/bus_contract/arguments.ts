/**
 * Arguments that are not valid, and those that just are.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import type {
  BusSubscribeOptions,
  Event,
  EventBroadcaster,
  PublishOptions,
} from "../../../bus/mod.ts";
import { InvalidEventError } from "../../../store/mod.ts";
import { inspect } from "../inspect.ts";
import type { BusContract } from "./fixture.ts";
import {
  assertErrorIs,
  inPlace,
  makeEvent,
  namespacesOf,
  pendingOf,
  reasonOf,
} from "./helpers.ts";

const badNamespaces: [unknown, typeof TypeError | typeof RangeError][] = [
  ["", RangeError],
  [undefined, TypeError],
  [null, TypeError],
  [7, TypeError],
  ["\ud800", TypeError],
  ["a".repeat(129), RangeError],
  [".".repeat(43), RangeError],
  ["ä".repeat(22), RangeError],
];

const badPatterns: typeof badNamespaces = [
  ...badNamespaces.filter(([name]) => name !== ".".repeat(43)),
  ["a.>.b", TypeError],
  [">.a", TypeError],
  ["a..b", TypeError],
  [".a", TypeError],
  ["a.", TypeError],
  [".", TypeError],
  ["*..a", TypeError],
  ["orders-*", TypeError],
  ["**", TypeError],
  ["*." + "a".repeat(127), RangeError],
];

const badOptions: [unknown, typeof TypeError | typeof RangeError][] = [
  [null, TypeError],
  ["options", TypeError],
  [["a"], TypeError],
  [{ filter: { actors: "a" } }, TypeError],
  [{ buffer: 0 }, RangeError],
  [{ buffer: -1 }, RangeError],
  [{ buffer: NaN }, RangeError],
  [{ buffer: 1.5 }, RangeError],
  [{ buffer: Infinity }, RangeError],
  [{ buffer: 1e9 }, RangeError],
  [{ buffer: 1_000_001 }, RangeError],
  [{ buffer: "1" }, TypeError],
  [{ overflow: "drop" }, RangeError],
  [{ overflow: "" }, RangeError],
  [{ overflow: null }, TypeError],
  [{ eventTypes: [] }, RangeError],
  [{ eventTypes: "A" }, TypeError],
  [{ eventTypes: [7] }, TypeError],
  [{ eventTypes: [""] }, RangeError],
  [{ eventTypes: ["a".repeat(257)] }, RangeError],
  [{ actors: "" }, TypeError],
  [{ actors: "a..b" }, TypeError],
  [{ actors: ">.a" }, TypeError],
  [{ actors: 7 }, TypeError],
  [{ actors: "a".repeat(2049) }, RangeError],
  [{ actors: "order-*" }, TypeError],
  [{ actors: [] }, RangeError],
  [{ actors: ["a", "a."] }, TypeError],
  [{ actorIds: [] }, RangeError],
  [{ actorIds: "" }, RangeError],
  [{ actorIds: ["a", 7] }, TypeError],
  [{ partition: 8 }, TypeError],
  [{ partition: { count: 8 } }, TypeError],
  [{ partition: { count: 0, indexes: [0] } }, RangeError],
  [{ partition: { count: 8, indexes: [] } }, RangeError],
  [{ partition: { count: 8, indexes: [8] } }, RangeError],
  [{ partition: { count: 8, index: 7 } }, TypeError],
  [{ onDrop: "log" }, TypeError],
  [{ onGap: {} }, TypeError],
  [{ signal: {} }, TypeError],
];

const badEvents = (): unknown[] => [
  undefined,
  null,
  "event",
  [],
  {},
  makeEvent("order-1", 1, { id: "" }),
  makeEvent("order-1", 1, { id: "x".repeat(257) }),
  makeEvent("order-1", 1, { eventType: "" }),
  makeEvent("order-1", 1, { eventType: "x".repeat(257) }),
  makeEvent(""),
  makeEvent("x".repeat(2049)),
  makeEvent("order-1", 0),
  makeEvent("order-1", 1.5),
  makeEvent("order-1", 1, { timestamp: "yesterday" }),
  makeEvent("order-1", 1, { data: { at: new Date() } }),
  makeEvent("order-1", 1, { data: { big: 1n } }),
  makeEvent("order-1", 1, { data: { text: "\ud800" } }),
  makeEvent("order-1", 1, { data: null as never }),
  makeEvent("order-1", 1, { metadata: { a: 1 as never } }),
];

const badPublishOptions: unknown[] = [
  null,
  7,
  { signal: "now" },
  { trace: "00-..." },
  { trace: { traceparent: 1 } },
  { trace: { traceparent: "x", tracestate: 1 } },
];

/** Registers the tests. */
export function argumentsContract({ test }: BusContract): void {
  test("publish() refuses namespaces that are none", async ({ publisher }) => {
    for (const [namespace, errorClass] of badNamespaces) {
      const reason = await reasonOf(() =>
        publisher.publish(namespace as string, makeEvent())
      );
      assert(reason instanceof Error);
      assertErrorIs(reason, errorClass);
      assert(reason.message.startsWith("Cannot publish event: "));
    }
    const draft = { eventType: "A", data: {} } as unknown as Event;
    const reason = await reasonOf(() => publisher.publish("orders", draft));
    assertErrorIs(reason, InvalidEventError);
    assertEquals(
      (reason as Error).message,
      "Cannot publish event: id must be a string, got undefined; make the event with createEvent, or use a store's append",
    );
  });

  test("subscribe() refuses patterns that are none", ({ bus }) => {
    for (const [pattern, errorClass] of badPatterns) {
      const subscribe = () => bus.subscribe(pattern as string);
      const reason = assertThrows(subscribe, Error, "Cannot subscribe: ");
      assertErrorIs(reason, errorClass);
    }
    return Promise.resolve();
  });

  test("subscribe() refuses options that are not valid", ({ bus }) => {
    for (const [options, errorClass] of badOptions) {
      const subscribe = () =>
        bus.subscribe("orders", options as BusSubscribeOptions);
      const reason = assertThrows(subscribe, Error);
      assertErrorIs(reason, errorClass);
    }
    return Promise.resolve();
  });

  test("every call names the nearest option when one is unknown", async ({ bus, publisher }) => {
    const subscribe = (options: object) => () =>
      bus.subscribe("orders", options as BusSubscribeOptions);
    for (
      const [options, nearest] of [
        [{ eventType: ["A"] }, "eventTypes"],
        [{ onDropped: () => {} }, "onDrop"],
        [{ actor: "a" }, "actors"],
      ] as const
    ) {
      assertThrows(
        subscribe(options),
        TypeError,
        `Cannot subscribe: there is no option "${
          Object.keys(options)[0]
        }"; did you mean ${nearest}?`,
      );
    }
    const options = { traces: undefined } as PublishOptions;
    const reason = await reasonOf(() =>
      publisher.publish("orders", makeEvent(), options)
    );
    assertErrorIs(reason, TypeError);
    assertEquals(
      (reason as Error).message,
      'Cannot publish event: there is no option "traces"; did you mean trace?',
    );
  });

  test("publish() refuses what is no event, and sends nothing", async (fixture) => {
    const { bus, publisher } = fixture;
    await using subscription = bus.subscribe(">");
    await inPlace(subscription);
    for (const event of badEvents()) {
      const reason = await reasonOf(() =>
        publisher.publish("orders", event as Event)
      );
      const isOne = reason instanceof InvalidEventError ||
        reason instanceof RangeError;
      assert(isOne, inspect(reason));
      assert(reason.message.startsWith("Cannot publish event: "));
    }
    assertEquals(await pendingOf(fixture, subscription), []);
    assertEquals(publisher.metrics.published, 0);
  });

  test("publish() refuses options that are not valid", async ({ publisher }) => {
    for (const options of badPublishOptions) {
      const reason = await reasonOf(() =>
        publisher.publish("orders", makeEvent(), options as PublishOptions)
      );
      assertErrorIs(reason, TypeError);
    }
  });

  test("publish() fails with the reason of a signal that is aborted", async (fixture) => {
    const { bus, publisher } = fixture;
    await using subscription = bus.subscribe("orders");
    await inPlace(subscription);
    const signal = AbortSignal.abort(new Error("too late"));
    const reason = await reasonOf(() =>
      publisher.publish("orders", makeEvent(), { signal })
    );
    assertEquals(reason, signal.reason);
    assertEquals(await pendingOf(fixture, subscription), []);
  });

  test("a signal that is aborted later does nothing to a publish that is over", async ({ publisher }) => {
    const controller = new AbortController();
    const { signal } = controller;
    await publisher.publish("orders", makeEvent(), { signal });
    controller.abort();
  });

  test("names may be as long as their limits", async (fixture) => {
    const { bus, publisher } = fixture;
    const longest = [
      "a".repeat(128),
      "a." + "b".repeat(124),
      "=".repeat(42),
      "ä".repeat(21),
      Array.from({ length: 32 }, () => "a").join("."),
      "__" + "a".repeat(112) + "__",
    ];
    const event = makeEvent("ä".repeat(341) + "xx", 1, {
      id: "x".repeat(256),
      eventType: "ä".repeat(42) + "xxxx",
    });
    const all = bus.subscribe(">");
    const named = longest.map((namespace) => bus.subscribe(namespace));
    await inPlace(all, ...named);
    for (const namespace of longest) await publisher.publish(namespace, event);
    assertEquals(await namespacesOf(fixture, all), longest.slice(0, -1));
    for (const [i, subscription] of named.entries()) {
      assertEquals(await pendingOf(fixture, subscription), [
        { namespace: longest[i]!, event },
      ]);
      await subscription.close();
    }
    await all.close();
  });

  test("options are read once and never written to", async (fixture) => {
    const { bus } = fixture;
    const eventTypes = ["A"];
    const options = Object.freeze({ eventTypes, buffer: 5 });
    const reads: string[] = [];
    const watched = new Proxy(options, {
      get(target, key) {
        reads.push(String(key));
        return Reflect.get(target, key);
      },
    });
    await using subscription = bus.subscribe("orders", watched);
    assertEquals(reads.length, new Set(reads).size);
    eventTypes.push("B");
    await inPlace(subscription);
    await publish(fixture.publisher, "B");
    assertEquals(await pendingOf(fixture, subscription), []);
  });
}

function publish(bus: EventBroadcaster, eventType: string): Promise<void> {
  return bus.publish("orders", makeEvent("order-1", 1, { eventType }));
}
