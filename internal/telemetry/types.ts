/**
 * How telemetry is handed in and out: structural types that OpenTelemetry's
 * own satisfy, so that nothing here depends on it.
 *
 * @module
 */

/**
 * Where a trace goes on, as two W3C Trace Context headers. It is what
 * OpenTelemetry's propagators read: `propagation.extract(context, trace)`.
 */
export interface TraceContext {
  /** Version, trace id, parent span id and flags, in hex. */
  readonly traceparent: string;
  /** What tracing systems add, at most 512 characters. */
  readonly tracestate?: string;
}

/** A span as others refer to it; OpenTelemetry's `SpanContext` is one. */
export interface SpanContext {
  /** 32 lower-case hex digits, not all 0. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all 0. */
  readonly spanId: string;
  /** The W3C trace flags: 1 for a trace that is sampled. */
  readonly traceFlags: number;
  /** What tracing systems add. */
  readonly traceState?: {
    /** As the `tracestate` header. */
    serialize(): string;
  } | undefined;
}

/**
 * Gives the span that is active right now, if one is. With OpenTelemetry:
 * `() => trace.getActiveSpan()?.spanContext()`.
 */
export type ActiveSpan = () => SpanContext | undefined;

/** What a measurement is of. */
export type MeterAttributes = Readonly<
  Record<string, string | number | boolean>
>;

/** What an instrument measures. */
export interface InstrumentOptions {
  /** In words. */
  description?: string;
  /** In UCUM, such as `s`. */
  unit?: string;
  /** Advice that the meter may follow. */
  advice?: {
    /** The upper bounds of a histogram's buckets, inclusive, rising. */
    explicitBucketBoundaries?: number[];
  };
}

/** A total that only rises. */
export interface Counter {
  /** Adds to it. */
  add(value: number, attributes?: MeterAttributes): void;
}

/** Takes the values of a gauge when they are collected. */
export interface ObservableResult {
  /** The value right now. */
  observe(value: number, attributes?: MeterAttributes): void;
}

/** A number that is asked for when values are collected. */
export interface ObservableGauge {
  /** Asks this function. */
  addCallback(callback: (result: ObservableResult) => void): void;
}

/** An instrument for single measurements. */
export interface Histogram {
  /** Takes one. */
  record(value: number, attributes?: MeterAttributes): void;
}

/**
 * Makes instruments; OpenTelemetry's `Meter` is one.
 *
 * Counters are told their totals when the gauge is asked, as OpenTelemetry does
 * at each collection, and when the store or the bus is closed: a meter that
 * never asks its gauges hears of counts only then.
 */
export interface Meter {
  /** A total that only rises. */
  createCounter(name: string, options?: InstrumentOptions): Counter;
  /** A distribution. */
  createHistogram(name: string, options?: InstrumentOptions): Histogram;
  /** A number that goes up and down. */
  createObservableGauge(
    name: string,
    options?: InstrumentOptions,
  ): ObservableGauge;
}
