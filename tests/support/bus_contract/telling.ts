/**
 * Numbers and traces.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { SpanContext, TraceContext } from "../../../telemetry/mod.ts";
import type { BusContract } from "./fixture.ts";
import {
  inPlace,
  makeEvent,
  pendingOf,
  publishVersions,
  upTo,
  versionsOf,
} from "./helpers.ts";

const span: SpanContext = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: 1,
  traceState: { serialize: () => "vendor=1,other=x" },
};
const trace: TraceContext = {
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  tracestate: "vendor=1,other=x",
};

/** Registers the tests. */
export function tellingContract({ test, testWith }: BusContract): void {
  test("metrics count by namespace", async (fixture) => {
    const { bus, publisher } = fixture;
    const orders = bus.subscribe("orders", { buffer: 2 });
    const all = bus.subscribe(">");
    await inPlace(orders, all);
    await publishVersions(fixture, upTo(3));
    await publishVersions(fixture, [4], "stock");
    assertEquals(await versionsOf(fixture, orders), [1, 2]);
    await pendingOf(fixture, all);
    const zero = {
      published: 0,
      refused: 0,
      delivered: 0,
      dropped: 0,
      gaps: 0,
      malformed: 0,
    };
    const { namespaces: published } = publisher.metrics;
    assertEquals(published.get("orders")?.published, 3);
    assertEquals(published.get("stock")?.published, 1);
    assertEquals(publisher.metrics.published, 4);
    const { namespaces, ...total } = bus.metrics;
    assertEquals({ ...total, published: 0 }, {
      ...zero,
      delivered: 6,
      dropped: 1,
    });
    assertEquals(
      { ...namespaces.get("orders"), published: 0 },
      { ...zero, delivered: 5, dropped: 1 },
    );
    assertEquals(
      { ...namespaces.get("stock"), published: 0 },
      { ...zero, delivered: 1 },
    );
    await orders.close();
    await all.close();
  });

  test("metrics count a thousand namespaces apart, and all together", async (fixture) => {
    const { bus, publisher } = fixture;
    await using all = bus.subscribe(">", { buffer: 2000 });
    await inPlace(all);
    for (const i of upTo(1100)) {
      // One after the other would wait for the server each time.
      if (i % 100 === 0) await fixture.settle();
      publisher.publish(`n${i}`, makeEvent());
    }
    await pendingOf(fixture, all);
    for (const { metrics } of [bus, publisher]) {
      assertEquals(metrics.namespaces.size, 1000);
    }
    assertEquals(publisher.metrics.published, 1100);
    assertEquals(bus.metrics.delivered, 1100);
    assertEquals(bus.metrics.namespaces.get("n1")?.delivered, 1);
  });

  test("metrics are as of when they were asked for", async (fixture) => {
    const { publisher } = fixture;
    const before = publisher.metrics;
    await publisher.publish("orders", makeEvent());
    assertEquals([before.published, before.namespaces.size], [0, 0]);
  });

  testWith("the active span's context goes with the event", async (open) => {
    let active: SpanContext | undefined;
    await using fixture = await open({ activeSpan: () => active });
    const { bus, publisher } = fixture;
    await using subscription = bus.subscribe("orders");
    await inPlace(subscription);
    const event = makeEvent();
    for (const given of [undefined, span, { ...span, traceState: undefined }]) {
      active = given;
      await publisher.publish("orders", event);
    }
    const namespace = "orders";
    const { traceparent } = trace;
    assertEquals(await pendingOf(fixture, subscription), [
      { namespace, event },
      { namespace, event, trace },
      { namespace, event, trace: { traceparent } },
    ]);
  });

  testWith(
    "a trace that is given goes before the active span's",
    async (open) => {
      await using fixture = await open({ activeSpan: () => span });
      const { bus, publisher } = fixture;
      await using subscription = bus.subscribe("orders");
      await inPlace(subscription);
      const given = {
        traceparent: "00-11111111111111111111111111111111-2222222222222222-00",
      };
      await publisher.publish("orders", makeEvent(), { trace: given });
      const [delivery] = await pendingOf(fixture, subscription);
      assertEquals(delivery!.trace, given);
    },
  );

  testWith("a delivery's trace can be passed on", async (open) => {
    await using fixture = await open({});
    const { bus, publisher } = fixture;
    const first = bus.subscribe("orders");
    const second = bus.subscribe("copies");
    await inPlace(first, second);
    await publisher.publish("orders", makeEvent(), { trace });
    const [delivery] = await pendingOf(fixture, first);
    const { event, trace: passedOn } = delivery!;
    await publisher.publish("copies", event, { trace: passedOn });
    assertEquals(await pendingOf(fixture, second), [
      { ...delivery!, namespace: "copies" },
    ]);
    await first.close();
    await second.close();
  });

  testWith("a span that is none, or throws, costs no event", async (open) => {
    const spans: (() => SpanContext)[] = [
      () => ({ ...span, traceId: "0".repeat(32) }),
      () => ({ ...span, spanId: "0".repeat(16) }),
      () => ({ ...span, traceId: "\r\nEvil: header" }),
      () => ({ ...span, spanId: 7 as unknown as string }),
      () => null as unknown as SpanContext,
      () => {
        throw new Error("no span");
      },
      () => ({ ...span, traceState: { serialize: () => "a\r\nEvil: b" } }),
      () => ({ ...span, traceState: { serialize: () => "x".repeat(513) } }),
    ];
    let next = 0;
    const errors: unknown[] = [];
    await using fixture = await open({
      activeSpan: () => spans[next]!(),
      onError: (error) => errors.push(error),
    });
    const { bus, publisher } = fixture;
    await using subscription = bus.subscribe("orders");
    await inPlace(subscription);
    for (; next < spans.length; next++) {
      await publisher.publish("orders", makeEvent());
    }
    const { traceparent } = trace;
    const none = Array.from({ length: 6 }, () => undefined);
    const all = await pendingOf(fixture, subscription);
    assertEquals(
      all.map((delivery) => delivery.trace),
      [...none, { traceparent }, { traceparent }],
    );
    assertEquals(errors.length, 2);
  });
}
