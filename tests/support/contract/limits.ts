/**
 * Limits, at them and one beyond, and what is allowed however odd it looks.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { PayloadTooLargeError } from "../../../event/errors.ts";
import type { Contract } from "./fixture.ts";
import { assertHistory, collect, makeEvent } from "./helpers.ts";

/** Actor ids that are valid, and each another actor. */
export const oddActorIds: readonly string[] = [
  "a",
  "A",
  ".",
  "..",
  "...",
  ".a",
  "a.",
  "a..",
  "a.b",
  "a..b",
  "a...b",
  "*",
  "a.*",
  "*.b",
  ">",
  "a.>",
  "=2A",
  "=2E",
  "a=2Eb",
  " ",
  "a b",
  " a",
  "a ",
  "\n",
  "a\r\nb",
  "\t",
  "\0",
  "\u{1F600}",
  "é",
  "e\u0301",
  "\u{FEFF}a",
  "_",
  "-",
  "$JS.API.>",
  "_INBOX.a",
  "__proto__",
  "constructor",
  "a/b\\c",
  '"',
  "%20",
  "a".repeat(2048),
  ".".repeat(1023),
  "a.".repeat(1022) + "aaa",
  // Six bytes encoded for each é.
  "é".repeat(341) + "ab",
];

/** Data whose JSON has this many bytes. */
function dataOfSize(bytes: number): Record<string, unknown> {
  const text = "x".repeat(bytes - JSON.stringify({ text: "" }).length);
  return { text };
}

/** Registers the tests. */
export function limitsContract({ test, maxPayload }: Contract): void {
  test("saveEvent() keeps actors apart when their ids are odd", async ({ store }) => {
    const events = oddActorIds.map((actorId, i) => makeEvent(actorId, i + 1));
    for (const event of events) {
      const { version, duplicate } = await store.saveEvent(event);
      assertEquals([version, duplicate], [event.version, false]);
    }
    for (const event of events) {
      await assertHistory(store, event.actorId, [event]);
      const read = await collect(store.readEvents(event.actorId));
      assertEquals(read, [event]);
    }
  });

  test("saveEvents() keeps actors apart when their ids are odd", async ({ store }) => {
    const events = oddActorIds.map((actorId, i) => makeEvent(actorId, i + 1));
    const { versions } = await store.saveEvents(events, {
      expectedVersions: new Map(oddActorIds.map((actorId) => [actorId, 0])),
    });
    assertEquals(
      versions,
      new Map(events.map(({ actorId, version }) => [actorId, version])),
    );
    for (const event of events) {
      await assertHistory(store, event.actorId, [event]);
    }
  });

  test("saveEvent() keeps ids, types and texts to the letter when they are odd", async ({ store }) => {
    const texts = [
      " ",
      " a ",
      "a\r\nb",
      "\0",
      "\u{1F600}",
      "e\u0301",
      "\u{FEFF}",
      '"\\',
      "=2E",
      "*",
      ">",
      "Nats-Msg-Id: x",
      "__proto__",
    ];
    const events = texts.map((text, i) =>
      makeEvent("a", i + 1, {
        id: text,
        eventType: text,
        commandId: text,
        data: { [text]: text },
        metadata: { [text]: text },
      })
    );
    for (const event of events) await store.saveEvent(event);
    await assertHistory(store, "a", events);
    for (const event of events) {
      assertEquals((await store.saveEvent(event)).duplicate, true);
    }
  });

  test("saveEvent() takes ids and types up to their limits", async ({ store }) => {
    const events = [
      makeEvent("a", 1, { id: "a".repeat(256), eventType: "a".repeat(256) }),
      makeEvent("a", 2, { id: "é".repeat(128), eventType: "é".repeat(42) }),
      makeEvent("a", 3, { id: "\n".repeat(256), eventType: " ".repeat(85) }),
    ];
    for (const event of events) await store.saveEvent(event);
    await assertHistory(store, "a", events);
  });

  test("saveEvent() gives back every kind of JSON as it was", async ({ store }) => {
    let nested: unknown = "end";
    for (let depth = 0; depth < 100; depth++) nested = { in: [nested] };
    const events = [
      makeEvent("a", 1, { data: {} }),
      makeEvent("a", 2, {
        data: {
          numbers: [0, 1, -1, 0.1, 1e21, 1e-7, 2 ** 53, 5e-324, 1.7e308],
          texts: [
            "",
            "\u2028\u2029",
            "\u007f\u0000",
            "</script>",
            "\u{10FFFF}",
          ],
          nothing: null,
          yes: true,
          no: false,
          empty: [[], {}],
          "": { " ": 0 },
          toString: "own",
          nested,
        },
      }),
      makeEvent("a", 3, { metadata: { correlationId: "c", "": "" } }),
    ];
    for (const event of events) await store.saveEvent(event);
    await assertHistory(store, "a", events);
  });

  test("saveEvent() leaves out what is undefined or empty", async ({ store }) => {
    const { id, ...rest } = makeEvent("a", 1, { data: { kept: [null] } });
    await store.saveEvent({
      ...rest,
      id,
      commandId: "",
      metadata: {},
      data: { ...rest.data, left: undefined, in: { left: undefined } },
    });
    const expected = { id, ...rest, data: { kept: [null], in: {} } };
    await assertHistory(store, "a", [expected]);
  });

  test("saveEvent() keeps keys that are no part of an event", async ({ store }) => {
    const event = { ...makeEvent("a", 1), future: { field: [1] } };
    await store.saveEvent(event);
    await assertHistory(store, "a", [event]);
  });

  test("saveEvent() takes data of 1,000,000 bytes", async ({ store }) => {
    const event = makeEvent("a", 1, { data: dataOfSize(1_000_000) });
    await store.saveEvent(event);
    await assertHistory(store, "a", [event]);
    const next = makeEvent("a", 2, { data: dataOfSize(1_000_000) });
    await store.saveEvents([next, makeEvent("b", 1)]);
    await assertHistory(store, "a", [event, next]);
  });

  if (maxPayload !== undefined) {
    test("saveEvent() refuses an event when it is over the server's limit", async ({ store }) => {
      const event = makeEvent("a", 1, { data: dataOfSize(maxPayload) });
      const error = await assertRejects(
        () => store.saveEvent(event),
        PayloadTooLargeError,
      );
      assertEquals(error.limit, maxPayload);
      assertEquals(error.size > maxPayload, true);
      await assertRejects(
        () => store.saveEvents([makeEvent("b", 1), event]),
        PayloadTooLargeError,
      );
      await assertHistory(store, "a", []);
      await assertHistory(store, "b", []);
      await store.saveEvent(makeEvent("a", 1));
    });

    test("saveSnapshot() refuses a state when it is over the server's limit", async ({ store }) => {
      await store.saveEvent(makeEvent("a", 1));
      const snapshot = (state: unknown) => ({
        actorId: "a",
        version: 1,
        state,
        timestamp: "2024-01-01T00:00:00Z",
      });
      await store.saveSnapshot(snapshot("kept"));
      const error = await assertRejects(
        () => store.saveSnapshot(snapshot(dataOfSize(maxPayload))),
        PayloadTooLargeError,
      );
      assertEquals(error.limit, maxPayload);
      const kept = await store.getLatestSnapshot("a");
      assertEquals(kept, snapshot("kept"));
    });
  }
}
