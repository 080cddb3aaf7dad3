/**
 * A history on JetStream into which messages are put that are none of its
 * events.
 *
 * @module
 */

import { jetstream } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import { ReplayError } from "../../store/errors.ts";
import type { Event } from "../../event/event.ts";
import type { EventStore } from "../../store/event_store.ts";
import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "../../store/jetstream/jetstream_event_store.ts";
import {
  assertErrorIs,
  collect,
  makeEvent,
  makeEvents,
} from "./contract/helpers.ts";
import { freshNamespace } from "./jetstream_backend.ts";
import { asJson, type Message } from "./malformed_messages.ts";

/** Header by which a save says what it follows. */
export const EXPECTED = "Nats-Expected-Last-Subject-Sequence";

export interface Setting {
  /** Has saved actor "a" up to version 2. */
  readonly warm: JetStreamEventStore;
  readonly events: Event[];
  /** What the subjects of all actors begin with. */
  readonly root: string;
  readonly open: (
    options?: JetStreamEventStoreOptions,
  ) => Promise<JetStreamEventStore>;
  /** Puts a message where actor "a" has its events; resolves to its sequence. */
  readonly put: (message: Message, subject?: string) => Promise<number>;
}

export async function withHistory(
  nc: NatsConnection,
  body: (setting: Setting) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const namespace = freshNamespace();
  const root = `aether.events.${namespace}`;
  const open = async (options: JetStreamEventStoreOptions = {}) =>
    stack.use(await JetStreamEventStore.open(nc, { namespace, ...options }));
  const put = async ({ data, headers }: Message, subject = "a") => {
    return (await jetstream(nc).publish(
      `${root}.${subject}`,
      data,
      headers && { headers },
    )).seq;
  };
  const warm = await open();
  const events = makeEvents("a", 1, 2);
  for (const event of events) await warm.saveEvent(event);
  await body({ warm, events, root, open, put });
}

/** Reads go on by every way, and report what they could not read. */
export async function assertReads(
  store: EventStore,
  events: readonly Event[],
  malformed: ReadonlyMap<number, Message>,
): Promise<void> {
  assertEquals(await store.getEvents("a"), [...events]);
  const latest = events.at(-1)?.version ?? 0;
  assertEquals(await store.getLatestVersion("a"), latest);
  const consistency = "eventual";
  assertEquals(await store.getEvents("a", { consistency }), [...events]);
  const direction = "backward";
  assertEquals(
    await collect(store.readEvents("a", { direction })),
    events.toReversed(),
  );
  assertEquals(
    await collect(store.readEvents("a", { direction, limit: 1 })),
    events.slice(-1),
  );
  assertEquals(await store.getEvents("a", latest), events.slice(-1));
  const replayed = await store.getEventsWithErrors("a");
  assertEquals(replayed.events, [...events]);
  assertEquals(replayed.hasErrors, malformed.size > 0);
  assertEquals(replayed.truncated, false);
  assertEquals(
    replayed.errors.map(({ sequence }) => sequence),
    [...malformed.keys()],
  );
  for (const error of replayed.errors) {
    const { data } = malformed.get(error.sequence)!;
    assertErrorIs(error, ReplayError);
    assertEquals(error.rawData, data);
    assert(error.cause instanceof Error);
    assert(error.message.includes(`sequence ${error.sequence}`));
  }
}

/** Puts an event that is expected where it comes, as another client may. */
export async function putBehind(
  { put }: Setting,
  version: number,
  sequence: number,
): Promise<number> {
  const hdrs = headers();
  hdrs.set(EXPECTED, String(sequence));
  return await put({ ...asJson(makeEvent("a", version)), headers: hdrs });
}
