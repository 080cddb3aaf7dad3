/**
 * W3C Trace Context in NATS headers.
 *
 * @module
 */

import { badType } from "../arguments.ts";
import type { ActiveSpan, SpanContext, TraceContext } from "./types.ts";

/** The most characters of a `tracestate` that are carried. */
const MAX_STATE = 512;

const traceparentOf =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const printable = /^[\x20-\x7e]+$/;

/** The context if it is a valid one; what is wrong with its state costs only that. */
export function validTrace(
  traceparent: string,
  tracestate: string | undefined,
): TraceContext | undefined {
  if (!traceparentOf.test(traceparent)) return undefined;
  return Object.freeze(
    tracestate !== undefined && tracestate.length <= MAX_STATE &&
      printable.test(tracestate)
      ? { traceparent, tracestate }
      : { traceparent },
  );
}

/** The context of a span; undefined if it is not a valid one. */
export function traceOfSpan(span: SpanContext): TraceContext | undefined {
  const { traceId, spanId, traceFlags, traceState } = span;
  const flags = (traceFlags & 0xff).toString(16).padStart(2, "0");
  const state = traceState?.serialize();
  return validTrace(`00-${traceId}-${spanId}-${flags}`, state || undefined);
}

/**
 * The context of the span that is active, if one is.
 *
 * @param report Told of what `activeSpan` throws, which has no other effect.
 */
export function activeTrace(
  activeSpan: ActiveSpan | undefined,
  report: (error: unknown) => void,
): TraceContext | undefined {
  if (activeSpan === undefined) return undefined;
  try {
    const span = activeSpan();
    return span === undefined ? undefined : traceOfSpan(span);
  } catch (error) {
    report(error);
    return undefined;
  }
}

/**
 * Checks an optional context. One that is not valid is none: a trace is no
 * reason to lose an event.
 *
 * @throws {TypeError} If it is something else than a context.
 */
export function checkTrace(
  trace: unknown,
  action: string,
): TraceContext | undefined {
  if (trace === undefined) return undefined;
  const { traceparent, tracestate } = Object(trace) as TraceContext;
  if (
    typeof traceparent !== "string" ||
    (tracestate !== undefined && typeof tracestate !== "string")
  ) {
    const must = "an object with a traceparent, a string";
    throw badType(action, "trace", must, trace);
  }
  return validTrace(traceparent, tracestate);
}

/** The header lines of a valid context; none without one. */
export function traceLines(trace: TraceContext | undefined): string {
  if (trace === undefined) return "";
  const { traceparent, tracestate } = trace;
  const line = `traceparent: ${traceparent}\r\n`;
  return tracestate === undefined
    ? line
    : `${line}tracestate: ${tracestate}\r\n`;
}

/** What of a message has its trace; reading its headers may throw. */
export interface Traced {
  readonly headers?: { get(name: string): string } | undefined;
}

/** A message's trace context, if it has a valid one. */
export function traceOfMessage(message: Traced): TraceContext | undefined {
  let headers: Traced["headers"];
  try {
    headers = message.headers;
  } catch {
    return undefined; // they are no headers
  }
  const traceparent = headers?.get("traceparent");
  if (!traceparent) return undefined;
  return validTrace(traceparent, headers!.get("tracestate") || undefined);
}
