/** Who is told of messages that can't be read. */

import type { NatsConnection } from "@nats-io/nats-core";
import { assertEquals, assertMatch } from "@std/assert";
import { ReplayError } from "../../store/errors.ts";
import type { Event } from "../../event/event.ts";
import type { EventStore, ReadEventsOptions } from "../../store/event_store.ts";
import {
  assertErrorIs,
  collect,
  makeEvent,
  reasonOf,
  upTo,
} from "../support/contract/helpers.ts";
import { withHistory } from "../support/malformed_history.ts";
import { asJson, unreadable } from "../support/malformed_messages.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

let server: NatsServer;
let nc: NatsConnection;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
  nc = await connect(server);
});

Deno.test.afterAll(async () => {
  await nc?.close();
  await server?.[Symbol.asyncDispose]();
});

for (const [what, message] of Object.entries(unreadable)) {
  Deno.test(`a subscription tells of a message when it ${what}`, () =>
    withHistory(nc, async ({ warm, events, put }) => {
      const sequence = await put(message);
      const next = makeEvent("a", 3);
      await warm.saveEvent(next);
      const other = makeEvent("b", 1);
      await warm.saveEvent(other);
      for (const live of [true, false]) {
        const seen: Event[] = [];
        const subscription = warm.subscribe({ live });
        const reason = await reasonOf(async () => {
          for await (const { event } of subscription) seen.push(event);
        });
        assertErrorIs(reason, ReplayError, { sequence });
        assertMatch(
          (reason as ReplayError).message,
          /^The message at sequence \d+ is no event of actor "a": .*; to skip it, return "continue" from onReplayError$/s,
        );
        assertEquals((reason as ReplayError).rawData, message.data);
        assertEquals(seen, events);
        // What was told of is not passed.
        const after = subscription.checkpoint;
        const again = await reasonOf(() =>
          collect(warm.subscribe({ live, after }))
        );
        assertErrorIs(again, ReplayError, { sequence });
      }
      const told: number[] = [];
      const onReplayError = (error: ReplayError) => {
        told.push(error.sequence);
        return "continue" as const;
      };
      const items = await collect(
        warm.subscribe({ live: false, onReplayError }),
      );
      assertEquals(items.map(({ event }) => event), [...events, next, other]);
      assertEquals(told, [sequence]);
      // Where the filter leaves its subject out, it is nobody's business.
      const onlyB = { live: false, actors: "b" };
      const rest = await collect(warm.subscribe(onlyB));
      assertEquals(rest.map(({ event }) => event), [other]);
    }));
}

Deno.test("reads tell onReplayError of what lies among their events, once each", () =>
  withHistory(nc, async ({ warm, events, open, put }) => {
    const [junk] = Object.values(unreadable);
    const low = asJson({ ...makeEvent("a", 2), id: "below" });
    const malformed = [await put(junk!)];
    const third = makeEvent("a", 3);
    await warm.saveEvent(third);
    malformed.push(await put(low), await put(junk!));
    const all = [...events, third];
    const read = async (
      store: EventStore,
      options: ReadEventsOptions,
    ): Promise<[number[], number[]]> => {
      const told: number[] = [];
      const onReplayError = (error: ReplayError) => {
        assertErrorIs(error, ReplayError);
        told.push(error.sequence);
        return "continue" as const;
      };
      const got = await store.getEvents("a", { ...options, onReplayError });
      const found = told.length;
      const each = store.readEvents("a", { ...options, onReplayError });
      assertEquals(await collect(each), got);
      assertEquals(told.slice(found), told.slice(0, found));
      return [
        got.map(({ version }) => version),
        told.slice(0, found).sort((a, b) => a - b),
      ];
    };
    const direction = "backward";
    const rows: [ReadEventsOptions, number[], number[]][] = [
      [{}, [1, 2, 3], malformed],
      [{ direction }, [3, 2, 1], malformed],
      [{ fromVersion: 2 }, [2, 3], malformed],
      [{ fromVersion: 3 }, [3], malformed],
      [{ fromVersion: 4 }, [], malformed.slice(1)],
      [{ fromVersion: 9 }, [], malformed.slice(1)],
      [{ fromVersion: 4, direction }, [], malformed.slice(1)],
      [{ toVersion: 2 }, [1, 2], []],
      [{ toVersion: 2, direction }, [2, 1], []],
      [{ toVersion: 3 }, [1, 2, 3], malformed.slice(0, 1)],
      [{ limit: 2 }, [1, 2], []],
      [{ limit: 3 }, [1, 2, 3], malformed.slice(0, 1)],
    ];
    for (const consistency of ["strong", "eventual"] as const) {
      for (const store of [warm, await open()]) {
        for (const [options, versions, told] of rows) {
          assertEquals(
            await read(store, { ...options, consistency }),
            [versions, told],
            JSON.stringify(options),
          );
        }
      }
    }
    const onReplayError = () => "fail" as const;
    for (const options of [{}, { fromVersion: 4 }, { direction } as const]) {
      for (const store of [warm, await open()]) {
        const reason = await reasonOf(() =>
          store.getEvents("a", { ...options, onReplayError })
        );
        assertErrorIs(reason, ReplayError);
        const clean = { toVersion: 2, onReplayError };
        assertEquals(await store.getEvents("a", clean), all.slice(0, 2));
      }
    }
    // What is saved behind it is found, and goes on being told of.
    const fourth = makeEvent("a", 4);
    await warm.saveEvent(fourth);
    for (const store of [warm, await open()]) {
      assertEquals(await read(store, {}), [[1, 2, 3, 4], malformed]);
      const tail = malformed.slice(1);
      assertEquals(await read(store, { fromVersion: 4 }), [[4], tail]);
      assertEquals(await read(store, { fromVersion: 5 }), [[], []]);
    }
  }));

Deno.test("reads tell onReplayError of a message in any page of a long history", () =>
  withHistory(nc, async ({ warm, open, put }) => {
    const count = 2_500;
    const malformed: number[] = [];
    const [junk] = Object.values(unreadable);
    for (let next = 3; next <= count; next += 500) {
      await warm.saveEvents(
        upTo(500).map((i) => makeEvent("a", next + i - 1)),
      );
      malformed.push(await put(junk!));
    }
    for (const store of [warm, await open()]) {
      for (const fromVersion of [0, 700, 1_503, 2_400]) {
        const told: number[] = [];
        const onReplayError = (error: ReplayError) => {
          told.push(error.sequence);
          return "continue" as const;
        };
        const options = { fromVersion, onReplayError };
        const events = await store.getEvents("a", options);
        assertEquals(events.length, count + 2 - Math.max(0, fromVersion - 1));
        const expected = malformed.filter((_, i) =>
          2 + (i + 1) * 500 >= fromVersion - 1
        );
        assertEquals(told, expected, String(fromVersion));
      }
    }
  }));
