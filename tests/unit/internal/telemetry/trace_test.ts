import { assertEquals, assertThrows } from "@std/assert";
import {
  activeTrace,
  checkTrace,
  traceLines,
  traceOfMessage,
  traceOfSpan,
} from "../../../../internal/telemetry/trace.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const traceparent = `00-${traceId}-${spanId}-01`;

Deno.test("traceOfSpan() writes W3C trace context", () => {
  const span = { traceId, spanId, traceFlags: 1 };
  assertEquals(traceOfSpan(span), { traceparent });
  assertEquals(traceOfSpan({ ...span, traceFlags: 0 }), {
    traceparent: `00-${traceId}-${spanId}-00`,
  });
  const traceState = { serialize: () => "a=1" };
  assertEquals(traceOfSpan({ ...span, traceState }), {
    traceparent,
    tracestate: "a=1",
  });
  assertEquals(traceOfSpan({ ...span, traceState: { serialize: () => "" } }), {
    traceparent,
  });
});

Deno.test("traceOfSpan() has no context for a span that is none", () => {
  const bad = [
    { traceId: "0".repeat(32), spanId, traceFlags: 1 },
    { traceId, spanId: "0".repeat(16), traceFlags: 1 },
    { traceId: traceId.toUpperCase(), spanId, traceFlags: 1 },
    { traceId: traceId.slice(1), spanId, traceFlags: 1 },
    { traceId, spanId: `${spanId}\r\nX: y`, traceFlags: 1 },
  ];
  for (const span of bad) assertEquals(traceOfSpan(span), undefined);
});

Deno.test("checkTrace() refuses what is no context, and drops an invalid one", () => {
  assertEquals(checkTrace(undefined, "test"), undefined);
  assertEquals(checkTrace({ traceparent }, "test"), { traceparent });
  for (const bad of [null, 7, "x", {}, { traceparent: 1 }]) {
    assertThrows(() => checkTrace(bad, "test"), TypeError, "Cannot test");
  }
  assertThrows(() => checkTrace({ traceparent, tracestate: 1 }, "test"));
  for (
    const invalid of ["", "00", `ff${traceparent.slice(2)}`, `${traceparent}\n`]
  ) {
    assertEquals(checkTrace({ traceparent: invalid }, "test"), undefined);
  }
  for (const tracestate of ["a\r\nb", "ä", "x".repeat(513)]) {
    assertEquals(checkTrace({ traceparent, tracestate }, "test"), {
      traceparent,
    });
  }
});

Deno.test("traceLines() and traceOfMessage() are each other's inverse", () => {
  for (const tracestate of [undefined, "a=1,b=2", "x".repeat(512)]) {
    const trace = checkTrace({ traceparent, tracestate }, "test")!;
    const headers = new Map(
      traceLines(trace).trimEnd().split("\r\n").map((line) => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
      }),
    );
    const get = (name: string) => headers.get(name) ?? "";
    assertEquals(traceOfMessage({ headers: { get } }), trace);
  }
  assertEquals(traceOfMessage({}), undefined);
  assertEquals(traceOfMessage({ headers: { get: () => "" } }), undefined);
  const unreadable = {
    get headers(): undefined {
      throw new Error("no headers");
    },
  };
  assertEquals(traceOfMessage(unreadable), undefined);
});

Deno.test("activeTrace() reports what the span's giver throws", () => {
  const errors: unknown[] = [];
  const report = (error: unknown) => errors.push(error);
  const thrown = new Error("no span");
  assertEquals(activeTrace(undefined, report), undefined);
  assertEquals(activeTrace(() => undefined, report), undefined);
  const throws = () => {
    throw thrown;
  };
  assertEquals(activeTrace(throws, report), undefined);
  assertEquals(errors, [thrown]);
});
