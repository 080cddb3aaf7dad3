import { assert, assertEquals, assertThrows } from "@std/assert";
import { JetStreamApiError } from "../../../../../internal/nats/errors.ts";
import { ConsumerLimit } from "../../../../../store/jetstream/subscribe/_consumer_limit.ts";

const reached = new JetStreamApiError(
  "maximum consumers limit reached (JetStream error 10026)",
  { code: 10026, status: 400 },
);

/** A clock that stands until it is moved. */
function stopClock(): Disposable & { pass(milliseconds: number): void } {
  const { now } = performance;
  let time = now.call(performance);
  performance.now = () => time;
  return {
    pass: (milliseconds) => time += milliseconds,
    [Symbol.dispose]: () => performance.now = now,
  };
}

Deno.test("passes() is true for the limit until a killed process's consumers have lapsed", () => {
  using clock = stopClock();
  const limit = new ConsumerLimit();
  assert(limit.passes(reached));
  clock.pass(39_999);
  assert(limit.passes(reached));
  clock.pass(1);
  const error = assertThrows(
    () => limit.passes(reached),
    JetStreamApiError,
    "(max_consumers) for 40 s; raise that limit, or open fewer subscriptions",
  );
  assertEquals(error.code, 10026);
  assertEquals(error.cause, reached);
});

Deno.test("passes() is false for other errors, however long they come", () => {
  using clock = stopClock();
  const limit = new ConsumerLimit();
  const other = new JetStreamApiError("no", { code: 10059, status: 404 });
  for (const error of [other, new Error("no"), undefined]) {
    assertEquals(limit.passes(error), false);
    clock.pass(50_000);
  }
});
