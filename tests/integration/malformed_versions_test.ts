/** Messages of others that would mislead a store about versions. */

import { headers, type NatsConnection } from "@nats-io/nats-core";
import { assertEquals } from "@std/assert";
import { VersionConflictError } from "../../store/errors.ts";
import type { Event } from "../../event/event.ts";
import { makeEvent, makeEvents, upTo } from "../support/contract/helpers.ts";
import {
  EXPECTED,
  putBehind,
  withHistory,
} from "../support/malformed_history.ts";
import { asJson } from "../support/malformed_messages.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { assertRefusedAtOnce } from "../support/refusals.ts";

const idOf = ({ id }: Event) => id;

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

Deno.test("a store that knows an actor is not led back by messages of lower versions", () =>
  withHistory(nc, async ({ warm, events, put }) => {
    const more = makeEvents("a", 3, 4, 5, 6);
    await warm.saveEvents(more);
    events.push(...more);
    const foreign = (version: number, ...entries: [string, string][]) => {
      const hdrs = headers();
      for (const [name, value] of entries) hdrs.set(name, value);
      return put({ ...asJson(makeEvent("a", version)), headers: hdrs });
    };
    const check = async () => {
      for (const from of [7, 6, 5, 3, 1]) {
        const expected = events.filter(({ version }) => version >= from);
        assertEquals(await warm.getEvents("a", from), expected);
      }
      assertEquals(await warm.getLatestVersion("a"), events.length);
    };
    await foreign(3, ["Aether-Save", "x"]); // as if it were a save
    await check();
    await foreign(6, ["Aether-Save", "x"], ["Aether-Trail", "6;6"]);
    await check();
    const last = await foreign(3);
    await foreign(4, [EXPECTED, String(last)]); // above the one before
    await check();
    const next = makeEvent("a", 7);
    await warm.saveEvent(next, { expectedVersion: 6 });
    events.push(next);
    await check();
  }));

Deno.test("a store that knows nothing is not misled by versions that fall and rise again", () =>
  withHistory(nc, async (setting) => {
    const { warm, events, open } = setting;
    const more = makeEvents("a", 4, 6, 8);
    let { sequence } = await warm.saveEvents(more);
    events.push(...more);
    for (const version of [3, 5, 7]) {
      sequence = await putBehind(setting, version, sequence);
      assertEquals(await (await open()).getLatestVersion("a"), 8);
      assertEquals(await (await open()).getEvents("a"), events);
    }
    const cold = await open();
    await assertRefusedAtOnce(
      () => cold.saveEvent(makeEvent("a", 7)),
      VersionConflictError,
      { currentVersion: 8 },
    );
    const next = makeEvent("a", 9);
    await (await open()).saveEvent(next, { expectedVersion: 8 });
    events.push(next);
    assertEquals(await (await open()).getEvents("a", 5), events.slice(3));
  }));

Deno.test("an event that followed a malformed message followed no version", () =>
  withHistory(nc, async ({ open, put }) => {
    await put({ data: new Uint8Array([0x78]) }, "b");
    const first = makeEvent("b", 5);
    await (await open()).saveEvent(first, { expectedVersion: 0 });
    for (const store of [await open(), await open()]) {
      const again = await store.saveEvent(first, { expectedVersion: 0 });
      assertEquals(again.duplicate, true);
      await assertRefusedAtOnce(
        () => store.saveEvent(first, { expectedVersion: 3 }),
        VersionConflictError,
        { currentVersion: 5, expectedVersion: 3 },
      );
    }
  }));

Deno.test("what another subject was expected at says nothing of an actor's versions", () =>
  withHistory(nc, async ({ warm, events, open, put, root }) => {
    const more = makeEvents("a", 4, 6);
    await warm.saveEvents(more);
    events.push(...more);
    const hdrs = headers();
    hdrs.set(EXPECTED, "0");
    hdrs.set(`${EXPECTED}-Subject`, `${root}.b`);
    await put({ ...asJson(makeEvent("a", 3)), headers: hdrs });
    assertEquals(await (await open()).getLatestVersion("a"), 6);
    await assertRefusedAtOnce(
      async () => await (await open()).saveEvent(makeEvent("a", 5)),
      VersionConflictError,
      { currentVersion: 6 },
    );
    assertEquals(await (await open()).getEvents("a"), events);
  }));

Deno.test("a search for a version is not misled by others that fall", () =>
  withHistory(nc, async (setting) => {
    const { warm, events, open } = setting;
    for (let i = 0; i < 8; i++) {
      const first = events.length + 1;
      const more = makeEvents("a", ...upTo(100).map((n) => first + n - 1));
      const { sequence } = await warm.saveEvents(more);
      events.push(...more);
      await putBehind(setting, 1 + i, sequence);
    }
    for (let from = 201; from <= events.length; from += 7) {
      // One that knows the actor's end, without a trail, and nothing else.
      const cold = await open();
      const found = await cold.getEvents("a", from);
      // Whole events take longer to compare than to read.
      assertEquals(found.map(idOf), events.slice(from - 1).map(idOf));
    }
  }));
