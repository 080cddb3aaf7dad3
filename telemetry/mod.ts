/**
 * The shapes of what stores, buses and clusters tell OpenTelemetry, and of what
 * they ask it: structural types that its own satisfy, so that nothing here
 * depends on it.
 *
 * @example Count what a store does
 * ```ts
 * import { InMemoryEventStore } from "@flowmade-one/aether/memory";
 * import type { Counter, Meter } from "@flowmade-one/aether/telemetry";
 * import { assertEquals } from "@std/assert";
 *
 * // What OpenTelemetry's meter would do, of which only totals matter here.
 * const totals = new Map<string, number>();
 * const counter = (name: string): Counter => ({
 *   add: (value) => totals.set(name, (totals.get(name) ?? 0) + value),
 * });
 * const meter: Meter = {
 *   createCounter: counter,
 *   createHistogram: () => ({ record() {} }),
 *   createObservableGauge: () => ({ addCallback() {} }),
 * };
 *
 * await using store = new InMemoryEventStore({ meter });
 * await store.append("order-1", [{ eventType: "OrderPlaced", data: {} }]);
 * await store.close();
 * assertEquals(totals.get("aether.store.saves"), 1);
 * ```
 *
 * @module
 */

export type {
  ActiveSpan,
  Counter,
  Histogram,
  InstrumentOptions,
  Meter,
  MeterAttributes,
  ObservableGauge,
  ObservableResult,
  SpanContext,
  TraceContext,
} from "../internal/telemetry/types.ts";
