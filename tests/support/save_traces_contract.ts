/**
 * Where the trace of a save is handed to.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { EventBus } from "../../bus/mod.ts";
import type { SpanContext } from "../../telemetry/mod.ts";
import { BusReader } from "./bus_contract/helpers.ts";
import { makeEvent, makeEvents, upTo } from "./contract/helpers.ts";
import type { RegisterTest } from "./contract_runner.ts";
import type { EventStoredBackend } from "./event_stored_contract.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";

/** A span of the trace, told apart by its number. */
function spanOf(number: number, state?: string): SpanContext {
  const spanId = number.toString(16).padStart(16, "0");
  const span = { traceId, spanId, traceFlags: 1 };
  return state === undefined
    ? span
    : { ...span, traceState: { serialize: () => state } };
}

/** Registers the suite: one test for each promise, `name` in front. */
export function testSaveTraces(
  register: RegisterTest,
  name: string,
  backend: EventStoredBackend,
): void {
  let namespaces = 0;
  const namespace = () => `traced ${++namespaces}`;
  const test = (title: string, body: () => Promise<void>) =>
    register(`${name}: ${title}`, body);

  test("the active span's context goes with EventStored", async () => {
    const bus = new EventBus();
    const internal = bus.subscribe("__internal__");
    const span = spanOf(1);
    await using store = await backend.open({
      bus,
      namespace: namespace(),
      activeSpan: () => span,
    });
    await store.saveEvent(makeEvent("a", 1));
    const { trace } = await new BusReader(internal).next();
    assertEquals(trace, { traceparent: `00-${traceId}-${span.spanId}-01` });
    assertThrows(() => {
      (trace as { traceparent: string }).traceparent = "x";
    }, TypeError);
  });

  test("a subscription hands on the trace of each save", async () => {
    let span: SpanContext | undefined;
    await using store = await backend.open({
      namespace: namespace(),
      activeSpan: () => span,
    });
    span = spanOf(1, "vendor=1");
    const event = makeEvent("a", 1);
    await store.saveEvent(event);
    span = spanOf(2);
    await store.saveEvents(makeEvents("b", ...upTo(2)));
    const retried = await store.saveEvent(event);
    assert(retried.duplicate);
    span = undefined;
    const next = makeEvent("a", 2);
    await store.saveEvent(next);
    const traces: unknown[] = [];
    for await (const given of store.subscribe({ live: false })) {
      traces.push(given.trace);
      assertEquals("trace" in given, given.trace !== undefined);
      assert(given.trace === undefined || Object.isFrozen(given.trace));
    }
    const [first, second] = [1, 2].map((number) =>
      `00-${traceId}-${spanOf(number).spanId}-01`
    );
    assertEquals(traces, [
      { traceparent: first, tracestate: "vendor=1" },
      { traceparent: second },
      { traceparent: second },
      undefined,
    ]);
    assertEquals(await store.getEvents("a"), [event, next]);
  });

  test("a span that is none is no reason for a save to fail", async () => {
    const spans: (() => SpanContext | undefined)[] = [
      () => {
        throw new Error("no span");
      },
      () => ({ traceId: "x\r\nNats-Rollup: all", spanId: "", traceFlags: 1 }),
      () => spanOf(3, "x".repeat(10_000)),
    ];
    for (const activeSpan of spans) {
      await using store = await backend.open({
        namespace: namespace(),
        activeSpan,
      });
      await store.saveEvent(makeEvent("a", 1));
      await store.saveEvent(makeEvent("a", 2));
      assertEquals(await store.getLatestVersion("a"), 2);
    }
  });
}
