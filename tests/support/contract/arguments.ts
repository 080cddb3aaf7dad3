/**
 * Degenerate input is refused where it enters, and nothing is stored.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidEventError } from "../../../event/errors.ts";
import type { Event } from "../../../event/event.ts";
import { inspect } from "../inspect.ts";
import type { Contract } from "./fixture.ts";
import { badActorIds, badBounds, badSignals } from "./bad_values.ts";
import { assertHistory, assertRefused, makeEvent } from "./helpers.ts";

/** Values that are no version of an event. */
const badVersions: readonly unknown[] = [
  0,
  -1,
  1.5,
  2 ** 53,
  NaN,
  Infinity,
  "1",
  1n,
  null,
  undefined,
];
const badIds: readonly unknown[] = [
  "",
  "a".repeat(257),
  "é".repeat(129),
  "\ud800",
  7,
  null,
  undefined,
];
const badEventTypes: readonly unknown[] = [
  "",
  "a".repeat(257),
  "é".repeat(43),
  "\udfff!",
  7,
  null,
  undefined,
];

// What the types forbid and JavaScript callers do all the same.
// deno-lint-ignore no-explicit-any
type Wrong = any;

function cyclic(): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  data.self = data;
  return data;
}

/** Values of `data` that are not a plain object of JSON. */
const badData: readonly (readonly [unknown, string])[] = [
  [undefined, "data"],
  [null, "data"],
  ["text", "data"],
  [[1], "data"],
  [new Map(), "data"],
  [{ a: NaN }, "data.a"],
  [{ a: -Infinity }, "data.a"],
  [{ a: 1n }, "data.a"],
  [{ a: () => {} }, "data.a"],
  [{ a: Symbol("s") }, "data.a"],
  [{ a: new Date(0) }, "data.a"],
  [{ a: new Uint8Array(1) }, "data.a"],
  [{ a: [1, undefined] }, "data.a[1]"],
  // deno-lint-ignore no-sparse-arrays
  [{ a: [, 1] }, "data.a[0]"],
  [{ a: { b: ["\ud800"] } }, "data.a.b[0]"],
  [cyclic(), "data.self"],
];

/** Registers the tests. */
export function argumentsContract({ test }: Contract): void {
  const fields: readonly (readonly [keyof Event, readonly unknown[]])[] = [
    ["version", badVersions],
    ["id", badIds],
    ["eventType", badEventTypes],
    ["actorId", badActorIds],
    ["timestamp", ["", "2024-01-01", "yesterday", 0, new Date(), undefined]],
    ["commandId", [7, null, "\ud800"]],
    ["metadata", [7, "text", { a: 1 }, { a: null }, { a: "\ud800" }, []]],
  ];
  for (const [field, values] of fields) {
    test(`saveEvent() refuses an event when its ${field} is not valid`, async ({ store }) => {
      for (const value of values) {
        const event = { ...makeEvent("a", 1), [field]: value } as Wrong;
        const what = `${field} ${inspect(value)}`;
        await assertRefused(() => store.saveEvent(event), what);
        const batch = [makeEvent("a", 1), event];
        await assertRefused(() => store.saveEvents(batch), what);
      }
      await assertHistory(store, "a", []);
    });
  }

  test("saveEvent() refuses data and names the path when it is not JSON", async ({ store }) => {
    for (const [data, path] of badData) {
      const event = makeEvent("a", 1, { data: data as Wrong });
      const one = await assertRejects(
        () => store.saveEvent(event),
        InvalidEventError,
      );
      assertEquals(one.path, path);
      const many = await assertRejects(
        () => store.saveEvents([makeEvent("a", 1), event]),
        InvalidEventError,
      );
      assertEquals(many.path, path);
    }
    await assertHistory(store, "a", []);
  });

  test("saveEvent() refuses what is no event", async ({ store }) => {
    for (const value of [undefined, null, 1, "event", [], () => {}]) {
      const what = inspect(value);
      await assertRefused(() => store.saveEvent(value as Wrong), what);
      await assertRefused(() => store.saveEvents([value as Wrong]), what);
    }
  });

  test("saveEvent() says what to do with a draft", async ({ store }) => {
    const draft = { eventType: "Tested", data: {} } as Wrong;
    const remedy =
      "id must be a string, got undefined; make the event with createEvent, or use a store's append";
    for (const given of [draft, { ...draft, actorId: "a", version: 1 }]) {
      await assertRejects(
        () => store.saveEvent(given),
        InvalidEventError,
        `Cannot save event: ${remedy}`,
      );
      await assertRejects(
        () => store.saveEvents([given]),
        InvalidEventError,
        remedy,
      );
    }
    await assertRejects(
      () => store.append("a", [{ type: "Tested", data: {} } as Wrong]),
      TypeError,
      'Cannot append event 1 of 1: a draft has no "type"; there are id, eventType, data, metadata',
    );
    await assertHistory(store, "a", []);
  });

  test("saveEvents() refuses what is no array", async ({ store }) => {
    const { length } = [];
    for (const value of [undefined, null, 1, { length }, new Set(), "events"]) {
      await assertRejects(() => store.saveEvents(value as Wrong), TypeError);
    }
  });

  test("saveEvent() refuses options when they are not valid", async ({ store }) => {
    const save = (options: unknown) => () =>
      store.saveEvent(makeEvent("a", 1), options as Wrong);
    for (const options of [null, 1, "strict"]) {
      await assertRejects(save(options), TypeError);
    }
    for (const signal of badSignals) {
      await assertRejects(save({ signal }), TypeError);
    }
    for (const expectedVersion of badBounds) {
      await assertRefused(save({ expectedVersion }));
    }
    await assertHistory(store, "a", []);
  });

  test("saveEvents() refuses options when they are not valid", async ({ store }) => {
    const save = (options: unknown) => () =>
      store.saveEvents([makeEvent("a", 1)], options as Wrong);
    for (const options of [null, 1, "strict"]) {
      await assertRejects(save(options), TypeError);
    }
    for (const signal of badSignals) {
      await assertRejects(save({ signal }), TypeError);
    }
    for (const expectedVersions of [null, 0, { a: 0 }, [["a", 0]]]) {
      await assertRejects(save({ expectedVersions }), TypeError);
    }
    for (const version of badBounds) {
      await assertRefused(
        save({ expectedVersions: new Map([["a", version]]) }),
      );
    }
    await assertHistory(store, "a", []);
  });

  test("saveEvents() refuses an expectation when the call has no event of the actor", async ({ store }) => {
    const expectedVersions = new Map([["a", 0], ["b", 0]]);
    await assertRejects(
      () => store.saveEvents([makeEvent("a", 1)], { expectedVersions }),
      RangeError,
    );
    await assertRejects(
      () => store.saveEvents([], { expectedVersions }),
      RangeError,
    );
    await assertHistory(store, "a", []);
  });

  test("every call names the nearest option when one is unknown", async ({ store }) => {
    const read: readonly [unknown, string][] = [
      [{ consistancy: "strong" }, "consistency"],
      [{ Signal: undefined }, "signal"],
    ];
    for (const [options, nearest] of read as Wrong) {
      const calls: (() => Promise<unknown>)[] = [
        () => store.getEvents("a", options),
        () => store.getEventsWithErrors("a", options),
        () => store.getLatestVersion("a", options),
        () => store.getLatestVersions(["a"], options),
        () => store.getLatestSnapshot("a", options),
      ];
      for (const call of calls) {
        await assertRejects(call, TypeError, `did you mean ${nearest}?`);
      }
    }
    const event = makeEvent("a", 1);
    const saves: readonly [() => Promise<unknown>, string][] = [
      [
        () => store.saveEvent(event, { expectVersion: 0 } as Wrong),
        'Cannot save event: there is no option "expectVersion"; did you mean expectedVersion?',
      ],
      [
        () => store.saveEvents([event], { sgnal: undefined } as Wrong),
        'Cannot save events: there is no option "sgnal"; did you mean signal?',
      ],
    ];
    for (const [call, message] of saves) {
      await assertRejects(call, TypeError, message);
    }
    await assertHistory(store, "a", []);
    assertThrows(
      () => store.readEvents("a", { maxVersion: 3 } as Wrong),
      TypeError,
      'Cannot read events: there is no option "maxVersion"',
    );
    assertThrows(
      () => store.subscribe({ onReplyError: undefined } as Wrong),
      TypeError,
      'Cannot subscribe: there is no option "onReplyError"; did you mean onReplayError?',
    );
    assertThrows(
      () => store.subscribe({ filter: "a" } as Wrong),
      TypeError,
      'Cannot subscribe: there is no option "filter"; there are actors, ',
    );
  });
}
