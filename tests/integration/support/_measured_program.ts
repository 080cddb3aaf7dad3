/**
 * A program that uses a store and buses with Deno's own OpenTelemetry. Its
 * argument is where the server listens.
 *
 * @module
 */

import { metrics, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { NatsEventBus } from "../../../bus/mod.ts";
import type { ActiveSpan, Meter } from "../../../telemetry/mod.ts";
import {
  createEvent,
  InMemoryEventStore,
  JetStreamEventStore,
} from "../../../store/mod.ts";
import { connect } from "../../support/nats_connect.ts";

const meter: Meter = metrics.getMeter("aether");
const activeSpan: ActiveSpan = () => trace.getActiveSpan()?.spanContext();
const nc = await connect(Deno.args[0]!);

function event(version: number) {
  return createEvent({ eventType: "T", actorId: "a", version, data: {} });
}

{
  await using bus = new NatsEventBus(nc, { meter, activeSpan });
  const options = { meter, activeSpan, bus };
  await using store = await JetStreamEventStore.open(nc, {
    ...options,
    namespace: "orders",
  });
  await using memory = new InMemoryEventStore({ meter, namespace: "kept" });

  const internal = bus.subscribe("__internal__");
  const orders = bus.subscribe("orders", { buffer: 2 });
  await Promise.all([internal.ready, orders.ready]);

  const first = event(1);
  await trace.getTracer("test").startActiveSpan("save", async (span) => {
    await store.saveEvent(first);
    span.end();
  });
  await store.saveEvent(first);
  await store.saveEvents([event(2), event(3)]);
  await store.saveEvent(event(3)).catch(() => {});
  await store.getEvents("a");
  await memory.saveEvent(first);

  for (let version = 1; version <= 5; version++) {
    await bus.publish("orders", event(version));
  }
  await nc.flush();

  let left = 3;
  for await (const { trace: told } of internal) {
    if (told !== undefined) {
      const context = propagation.extract(ROOT_CONTEXT, told);
      console.log(trace.getSpanContext(context)!.traceId);
    }
    if (--left === 0) break;
  }
  left = 2;
  for await (const _ of orders) if (--left === 0) break;
}
await nc.close();
