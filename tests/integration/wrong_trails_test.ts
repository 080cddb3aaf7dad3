/** Trails that are wrong, which cost time but no event. */

import { jetstream } from "@nats-io/jetstream";
import { headers, type NatsConnection } from "@nats-io/nats-core";
import { assertEquals } from "@std/assert";
import { encodeEvent } from "../../event/event_codec.ts";
import type { Event } from "../../event/event.ts";
import { collect, upTo } from "../support/contract/helpers.ts";
import { NatsServer } from "../support/nats_server.ts";
import { event, saveSpread, withStores } from "../support/spread_history.ts";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

Deno.test("getEvents() is right when a long history's trail is wrong", async () => {
  await withStores(server, async (writer, openReader, connection) => {
    const events = await saveSpread(writer, upTo(4_000), 2);
    const { sequence } = await writer.saveEvent(event("other", 5_000));
    const own = sequence - 1;
    const text = (n: number) => n.toString(36);
    const far = (...sequences: number[]) =>
      sequences.map((at, i) => `${text(4_000 - i)}:${text(at)}`).join(",");
    const wrong = [
      // Another actor's message, a place that is not where it says, and none.
      far(7_999, 7_999, 7_999, 4_607, 4_607, 4_607, 4_097),
      far(7_998, 7_998, 7_998, 1_600, 1_600, 1_600, 802, 402, 2),
      far(7_998, 7_998, 7_998, 1_536, 1_536, 1_536, 1_536),
      far(1, 1, 1, 1, 1, 1, 1, 1),
    ];
    let last = own;
    for (const trail of wrong) {
      const next = event("a", events.length + 1);
      events.push(next);
      const near = `${text(events.length)};${text(last)}`;
      last = await saveForeign(connection, next, last, `${near};${trail}`);
      const reader = await openReader();
      await reader.getLatestVersion("a"); // the tail is known, with its trail
      const versions = (await reader.getEvents("a"))
        .map(({ version }) => version);
      assertEquals(versions, upTo(events.length));
      assertEquals(
        (await collect(reader.readEvents("a"))).map(({ id }) => id),
        events.map(({ id }) => id),
      );
    }
  });
});

/** Saves as another client would, with a trail of its own making. */
async function saveForeign(
  { nc, namespace }: { nc: NatsConnection; namespace: string },
  foreign: Event,
  expected: number,
  trail: string,
): Promise<number> {
  const hdrs = headers();
  hdrs.set("Nats-Msg-Id", foreign.id);
  hdrs.set("Nats-Expected-Last-Subject-Sequence", String(expected));
  hdrs.set("Aether-Save", "foreign");
  hdrs.set("Aether-Trail", trail);
  const subject = `aether.events.${namespace}.${foreign.actorId}`;
  const { seq } = await jetstream(nc)
    .publish(subject, encodeEvent(foreign), { headers: hdrs });
  return seq;
}

Deno.test("reads are right when a trail is wrong", async () => {
  await withStores(server, async (writer, openReader, connection) => {
    const events = await saveSpread(writer, upTo(70), 600);
    const { sequence } = await writer.saveEvent(event("a", 71));
    events.push(event("a", 71));
    events[70] = (await writer.getEvents("a", 71))[0]!;
    const other = (n: number) => n.toString(36);
    const wrong = [
      // Another actor's messages, none at all, too few, and in a wrong order.
      `ORDINAL;${other(sequence - 1)},1,1,1;v:${other(7)}`,
      `ORDINAL;;`,
      `ORDINAL;${other(sequence)};`,
      `ORDINAL;${other(sequence)},${other(600)},${other(1_200)};v:${
        other(600)
      }`,
      `2;${other(sequence)};`,
      "no trail",
      // As if it were right, but for the actor's own events that it passes by.
      `ORDINAL;${other(sequence)},${other(1)},${other(1_200)},${other(600)},${
        other(600)
      },${other(600)},${other(600)};`,
      `ORDINAL;${other(sequence)},${other(1)},${other(1)};v:${other(1)},1s:${
        other(2)
      }`,
    ];
    let last = sequence;
    for (const trail of wrong) {
      const next = event("a", events.length + 1);
      events.push(next);
      const claimed = trail.replace("ORDINAL", next.version.toString(36));
      last = await saveForeign(connection, next, last, claimed);
      for (const store of [await openReader(), writer]) {
        for (const from of [0, 2, 40, 60, events.length - 3, events.length]) {
          assertEquals(
            (await store.getEvents("a", from)).map(({ version }) => version),
            upTo(events.length).slice(Math.max(0, from - 1)),
            `${trail} from ${from}`,
          );
        }
        for (const stored of [...events.slice(-4), events[50]!]) {
          assertEquals((await store.saveEvent(stored)).duplicate, true);
        }
        const middle = { fromVersion: 33, limit: 5 };
        assertEquals(
          await collect(store.readEvents("a", middle)),
          events.slice(32, 37),
        );
        const backward = { direction: "backward", limit: 3 } as const;
        assertEquals(
          await collect(store.readEvents("a", backward)),
          events.slice(-3).reverse(),
        );
      }
    }
    // And the next save goes on from there.
    const next = event("a", events.length + 1);
    assertEquals((await writer.saveEvent(next)).duplicate, false);
    assertEquals(await (await openReader()).getEvents("a"), [...events, next]);
  });
});

Deno.test("reads are right when a trail names a message of another subject", async () => {
  await withStores(server, async (writer, openReader, connection) => {
    const { nc, namespace } = connection;
    const trailTo = (ordinal: number, near: readonly number[]) => {
      const gaps = near.slice(1).map((at, i) => near[i]! - at);
      const text = [near[0]!, ...gaps].map((n) => n.toString(36)).join(",");
      return `${ordinal.toString(36)};${text};`;
    };
    const events: Event[] = [];
    const sequences: number[] = [];
    const saveUpTo = async (version: number) => {
      while (events.length < version) {
        events.push(event("a", events.length + 1));
        sequences.push((await writer.saveEvent(events.at(-1)!)).sequence);
      }
    };
    /** The last version again, as another event, with the trail of that. */
    const misplace = async () => {
      const version = events.length;
      const hdrs = headers();
      const before = sequences.slice(0, -1).slice(-16).reverse();
      hdrs.set("Aether-Trail", trailTo(version, before));
      const subject = `aether.events.${namespace}.other`;
      const data = encodeEvent(event("a", version));
      const { seq } = await jetstream(nc)
        .publish(subject, data, { headers: hdrs });
      return seq;
    };
    const saveAfter = async (near: readonly number[]) => {
      const next = event("a", events.length + 1);
      events.push(next);
      const trail = trailTo(next.version, near);
      const last = sequences.at(-1)!;
      sequences.push(await saveForeign(connection, next, last, trail));
    };
    const check = async () => {
      for (const store of [await openReader(), writer]) {
        for (const from of upTo(events.length)) {
          const expected = events.slice(from - 1);
          assertEquals(await store.getEvents("a", from), expected);
          const again = await store.saveEvent(expected[0]!);
          assertEquals(again.duplicate, true);
        }
      }
    };
    // One from which the trail would be taken up anew, and the nearest one.
    await saveUpTo(6);
    const misplaced = await misplace();
    await saveUpTo(21);
    await saveAfter([...sequences.slice(-15).reverse(), misplaced]);
    await check();
    await saveAfter([await misplace()]);
    await check();
  });
});
