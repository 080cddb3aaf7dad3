/**
 * Histories whose events lie apart in their stream, and what it takes to read
 * them.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { createEvent } from "../../event/create_event.ts";
import type { Event } from "../../event/event.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { freshNamespace } from "./jetstream_backend.ts";
import { connect } from "./nats_connect.ts";
import type { NatsServer } from "./nats_server.ts";

/**
 * Two stores of one namespace on a connection: one that writes, and as many as
 * are opened that know nothing yet. `requests` has the subjects of what was
 * sent.
 */
export async function withStores(
  server: NatsServer,
  use: (
    writer: JetStreamEventStore,
    openReader: () => Promise<JetStreamEventStore>,
    connection: { nc: NatsConnection; namespace: string; requests: string[] },
  ) => Promise<void>,
): Promise<void> {
  const nc = await connect(server);
  const namespace = freshNamespace();
  const requests: string[] = [];
  const { publish } = nc;
  nc.publish = (subject, ...rest) => {
    // Besides, stores look at the stream every few seconds.
    if (!subject.includes(".STREAM.INFO.")) requests.push(subject);
    publish.call(nc, subject, ...rest);
  };
  const stores: JetStreamEventStore[] = [];
  const open = async () => {
    const store = await JetStreamEventStore.open(nc, { namespace });
    stores.push(store);
    return store;
  };
  try {
    await use(await open(), open, { nc, namespace, requests });
  } finally {
    for (const store of stores) await store[Symbol.asyncDispose]();
    await nc.close();
  }
}

/** An event of an actor. */
export const event = (actorId: string, version: number): Event =>
  createEvent({ eventType: "Happened", actorId, version, data: { version } });

/** Events of `a`, with `spacing` - 1 events of others before each. */
export async function saveSpread(
  store: JetStreamEventStore,
  versions: readonly number[],
  spacing: number,
): Promise<Event[]> {
  const events: Event[] = [];
  const all: Event[] = [];
  let others = 0;
  for (const version of versions) {
    for (let i = 1; i < spacing; i++) all.push(event("other", ++others));
    events.push(event("a", version));
    all.push(events.at(-1)!);
  }
  for (let i = 0; i < all.length; i += 1_000) {
    await store.saveEvents(all.slice(i, i + 1_000));
  }
  return events;
}
