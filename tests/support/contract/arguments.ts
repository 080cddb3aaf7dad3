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
/** Values that are no version to read from, or to expect. */
const badBounds: readonly unknown[] = [
  -1,
  1.5,
  2 ** 53,
  NaN,
  Infinity,
  "1",
  1n,
  null,
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
const badActorIds: readonly unknown[] = [
  "",
  "a".repeat(2049),
  "é".repeat(342),
  "a\ud800",
  "\udc00",
  7,
  null,
  undefined,
];
const badPatterns: readonly unknown[] = [
  "",
  ".",
  "a..b",
  ">.a",
  "a.",
  "\ud800",
  "order-*",
  "a>",
  1,
  null,
  [],
  ["a", "b-*"],
  [undefined],
];
const badPartitions: readonly unknown[] = [
  8,
  null,
  {},
  { count: 8 },
  { count: 0, indexes: [0] },
  { count: 8, indexes: [] },
  { count: 8, indexes: [8] },
  { count: 8, indexes: [-1] },
  { count: 8, indexes: [0.5] },
  { count: 8, indexes: 0 },
  { count: 2 ** 33, indexes: [0] },
  { count: 8, indices: [0] },
];
const badSignals: readonly unknown[] = [null, true, {}, new EventTarget()];

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

  test("every read refuses an actor id when it is not valid", async ({ store }) => {
    for (const value of badActorIds as Wrong[]) {
      const what = inspect(value).slice(0, 80);
      await assertRefused(() => store.getEvents(value), what);
      await assertRefused(() => store.getEventsWithErrors(value), what);
      await assertRefused(() => store.getLatestVersion(value), what);
      await assertRefused(() => store.getLatestVersions(["a", value]), what);
      await assertRefused(() => store.getLatestSnapshot(value), what);
      assertThrows(() => store.readEvents(value), Error, "Cannot ", what);
    }
  });

  test("getLatestVersions() refuses what is no array", async ({ store }) => {
    for (const value of ["a", null, undefined, 1, new Set(["a"])] as Wrong[]) {
      await assertRefused(() => store.getLatestVersions(value));
    }
  });

  test("getEvents() refuses fromVersion when it is no version", async ({ store }) => {
    for (const value of badBounds as Wrong[]) {
      await assertRefused(() => store.getEvents("a", value));
      await assertRefused(() => store.getEventsWithErrors("a", value));
    }
  });

  test("every read refuses options when they are not valid", async ({ store }) => {
    const wrong: unknown[] = [null, "strong", [1]];
    for (const signal of badSignals) wrong.push({ signal });
    for (const consistency of ["", "STRONG", 1, null]) {
      wrong.push({ consistency });
    }
    for (const options of wrong as Wrong[]) {
      await assertRefused(() => store.getEvents("a", options));
      await assertRefused(() => store.getEventsWithErrors("a", options));
      await assertRefused(() => store.getLatestVersion("a", options));
      await assertRefused(() => store.getLatestVersions(["a"], options));
      await assertRefused(() => store.getLatestSnapshot("a", options));
      assertThrows(() => store.readEvents("a", options), Error, "Cannot ");
    }
  });

  test("readEvents() throws at the call when a bound is not valid", ({ store }) => {
    const wrong: unknown[] = [];
    for (const value of badBounds) {
      wrong.push({ fromVersion: value }, { toVersion: value });
    }
    for (const limit of [0, -1, 1.5, NaN, -Infinity, "1", null]) {
      wrong.push({ limit });
    }
    for (const direction of ["", "backwards", 1, null]) {
      wrong.push({ direction });
    }
    for (const options of wrong as Wrong[]) {
      const what = inspect(options);
      assertThrows(
        () => store.readEvents("a", options),
        Error,
        "Cannot ",
        what,
      );
    }
    return Promise.resolve();
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
  });

  test("subscribe(), readAll() and actorIds() throw at the call when an option is not valid", ({ store }) => {
    const everywhere: unknown[] = [null, 1, "end", ["a"]];
    for (const signal of badSignals) everywhere.push({ signal });
    for (const actors of badPatterns) everywhere.push({ actors });
    for (const partition of badPartitions) everywhere.push({ partition });
    const events: unknown[] = [];
    for (const after of [0, {}, new Date(NaN)]) events.push({ after });
    for (const storedAt of [null, 0, "true"]) events.push({ storedAt });
    for (const onReplayError of [null, "continue", {}]) {
      events.push({ onReplayError });
    }
    for (const eventTypes of [[], "Happened", [""], ["a", 1], ["\ud800"]]) {
      events.push({ eventTypes });
    }
    for (const actorIds of badActorIds.slice(0, -1)) {
      events.push({ actorIds: [actorIds] });
    }
    for (const actorIds of [[], null, 1, {}, "", ["a", ""]]) {
      events.push({ actorIds });
    }
    const subscribe: unknown[] = [];
    for (const live of [null, 0, "false"]) subscribe.push({ live });
    const readAll: unknown[] = [{ after: 7 }];
    for (const limit of [0, -1, 1.5, NaN, "1", null]) readAll.push({ limit });
    for (const direction of ["", "back", 1, null]) readAll.push({ direction });
    const calls: [(options: Wrong) => unknown, unknown[]][] = [
      [(options) => store.subscribe(options), [
        ...everywhere,
        ...events,
        ...subscribe,
      ]],
      [(options) => store.readAll(options), [
        ...everywhere,
        ...events,
        ...readAll,
      ]],
      [(options) => store.actorIds(options), everywhere],
    ];
    for (const [call, wrong] of calls) {
      for (const options of wrong) {
        const what = inspect(options);
        const error = assertThrows(() => call(options), Error, "Cannot ", what);
        const right = error instanceof TypeError || error instanceof RangeError;
        assertEquals(right, true, what);
      }
    }
    return Promise.resolve();
  });
}
