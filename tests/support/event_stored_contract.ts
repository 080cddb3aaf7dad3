/**
 * What every store tells on a bus, and counts.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { EventBus } from "../../bus/mod.ts";
import type {
  EventStore,
  EventStored,
  EventStoredPublisher,
  StoreMetrics,
  StoreTelemetryOptions,
} from "../../store/mod.ts";
import { isTimestamp } from "../../event/timestamp.ts";
import { BusReader } from "./bus_contract/helpers.ts";
import { waitFor } from "./conditions.ts";
import {
  assertErrorIs,
  collect,
  makeEvent,
  makeEvents,
  reasonOf,
  upTo,
} from "./contract/helpers.ts";
import type { RegisterTest } from "./contract_runner.ts";

/** A store with its numbers. */
export type MeasuredStore = EventStore & { readonly metrics: StoreMetrics };

/** A kind of store to be tested. */
export interface EventStoredBackend {
  /** Opens an empty store of this namespace; disposing closes it. */
  open(
    options: StoreTelemetryOptions & { namespace: string },
  ): Promise<MeasuredStore>;
}

/** A bus that does as it is told, and notes what it was given. */
class FakeBus implements EventStoredPublisher {
  readonly given: [namespace: string, event: EventStored][] = [];
  readonly #answer: () => Promise<void>;

  constructor(answer: () => Promise<void> = () => Promise.resolve()) {
    this.#answer = answer;
  }

  publish(namespace: string, event: EventStored): Promise<void> {
    this.given.push([namespace, event]);
    return this.#answer();
  }

  get told(): [actorId: string, version: number][] {
    return this.given.map(([, { data }]) => [data.actorId, data.version]);
  }
}

/** Registers the suite: one test for each promise, `name` in front. */
export function testEventStoredContract(
  register: RegisterTest,
  name: string,
  backend: EventStoredBackend,
): void {
  let namespaces = 0;
  const test = (
    title: string,
    bus: () => EventStoredPublisher,
    body: (store: MeasuredStore, bus: never) => Promise<void>,
  ) =>
    register(`${name}: ${title}`, async () => {
      const given = bus();
      await using store = await backend.open({
        bus: given,
        namespace: `told ${++namespaces}`,
      });
      await body(store, given as never);
    });
  const fake = () => new FakeBus();

  test(
    "EventStored says what was stored",
    fake,
    async (store, bus: FakeBus) => {
      const event = makeEvent("order.1", 3, { metadata: { userId: "jane" } });
      const before = Date.now();
      await store.saveEvent(event);
      await waitFor(() => bus.given.length === 1);
      const [namespace, told] = bus.given[0]!;
      assertEquals(namespace, "__internal__");
      const { id, timestamp, ...rest } = told;
      assertEquals(rest, {
        eventType: "EventStored",
        actorId: "order.1",
        version: 3,
        data: {
          eventId: event.id,
          actorId: "order.1",
          version: 3,
          timestamp: event.timestamp,
        },
        metadata: { namespace: store.metrics.namespace },
      });
      assert(isTimestamp(timestamp));
      assert(Math.abs(Date.parse(timestamp) - before) < 60_000);
      assert(id !== event.id);
      assert([told, told.data, told.metadata].every(Object.isFrozen));
    },
  );

  test(
    "each newly stored event is told once, in order",
    fake,
    async (store, bus: FakeBus) => {
      await store.saveEvent(makeEvent("a", 1));
      await store.saveEvents([...makeEvents("b", 1, 2), ...makeEvents("a", 5)]);
      await store.saveEvent(makeEvent("a", 6), { expectedVersion: 5 });
      await store.saveEvents(makeEvents("c", ...upTo(300)));
      await waitFor(() => bus.given.length >= 305);
      assertEquals(bus.told, [
        ["a", 1],
        ["b", 1],
        ["b", 2],
        ["a", 5],
        ["a", 6],
        ...upTo(300).map((version): [string, number] => ["c", version]),
      ]);
      const ids = new Set(bus.given.map(([, { id }]) => id));
      assertEquals(ids.size, 305);
      assertEquals(store.metrics.eventStoredPublished, 305);
    },
  );

  test(
    "what was stored before is not told again",
    fake,
    async (store, bus: FakeBus) => {
      const events = makeEvents("a", ...upTo(4));
      await store.saveEvent(events[0]!);
      await store.saveEvent(events[0]!);
      await store.saveEvents(events.slice(0, 2));
      await store.saveEvents(events.slice(0, 2));
      await store.saveEvents(events);
      await store.saveEvents([]);
      await waitFor(() => bus.given.length >= 4);
      assertEquals(bus.told, upTo(4).map((version) => ["a", version]));
      const { saves, savedEvents, duplicates } = store.metrics;
      assertEquals([saves, savedEvents, duplicates], [5, 4, 2]);
    },
  );

  test("what fails is not told", fake, async (store, bus: FakeBus) => {
    const event = makeEvent("a", 1);
    await store.saveEvent(event);
    const signal = AbortSignal.abort();
    const failing: [() => Promise<unknown>, name: string][] = [
      [() => store.saveEvent(makeEvent("a", 1)), "VersionConflictError"],
      [
        () => store.saveEvent(makeEvent("a", 2), { expectedVersion: 0 }),
        "VersionConflictError",
      ],
      [
        () => store.saveEvents([...makeEvents("b", 1), makeEvent("a", 1)]),
        "VersionConflictError",
      ],
      [() => store.saveEvent({ ...event, version: 2 }), "DuplicateEventError"],
      [() => store.saveEvent({ ...event, version: 0 }), "RangeError"],
      [() => store.saveEvent(makeEvent("a", 2), { signal }), "AbortError"],
    ];
    for (const [save, name] of failing) {
      assertEquals((await reasonOf(save) as Error).name, name);
    }
    await store.saveEvent(makeEvent("z", 1));
    await waitFor(() => bus.given.length >= 2);
    assertEquals(bus.told, [["a", 1], ["z", 1]]);
    const { saves, conflicts, duplicates } = store.metrics;
    assertEquals([saves, conflicts, duplicates], [2, 3, 0]);
  });

  test(
    "a bus that throws fails no save",
    () =>
      new FakeBus(() => {
        throw new Error("thrown");
      }),
    async (store, bus: FakeBus) => {
      await store.saveEvent(makeEvent("a", 1));
      await store.saveEvents(makeEvents("a", 2, 3));
      await waitFor(() => bus.given.length === 3);
      const { eventStoredPublished, eventStoredDropped } = store.metrics;
      assertEquals([eventStoredPublished, eventStoredDropped], [0, 3]);
    },
  );

  test(
    "a bus that rejects fails no save",
    () => new FakeBus(() => Promise.reject(new Error("rejected"))),
    async (store) => {
      await store.saveEvent(makeEvent("a", 1));
      await waitFor(() => store.metrics.eventStoredDropped === 1);
      assertEquals(await store.getLatestVersion("a"), 1);
    },
  );

  test(
    "a bus that hangs holds up no save, and what waits for it is bounded",
    () => new FakeBus(() => new Promise(() => {})),
    async (store, bus: FakeBus) => {
      for (const batch of upTo(11)) {
        const actorId = `a${batch}`;
        await store.saveEvents(makeEvents(actorId, ...upTo(1000)));
      }
      await waitFor(() => store.metrics.eventStoredDropped >= 1000);
      assertEquals(store.metrics.eventStoredDropped, 1000);
      assertEquals(bus.given.length, 10_000);
      const start = performance.now();
      await store[Symbol.asyncDispose]();
      assert(performance.now() - start < 5_000);
      assertEquals(store.metrics.eventStoredDropped, 11_000);
    },
  );

  test(
    "a bus that is closed fails no save",
    () => new EventBus(),
    async (store, bus: EventBus) => {
      await bus.close();
      await store.saveEvent(makeEvent("a", 1));
      await waitFor(() => store.metrics.eventStoredDropped === 1);
    },
  );

  test(
    "only who asks for __internal__ hears of it",
    () => new EventBus(),
    async (store, bus: EventBus) => {
      const all = bus.subscribe(">");
      const internal = bus.subscribe("__internal__");
      await store.saveEvents(makeEvents("a", ...upTo(3)));
      const reader = new BusReader(internal);
      assertEquals(await reader.versions(3), upTo(3));
      assertEquals([all.pending, internal.pending], [0, 0]);
    },
  );

  test(
    "a subscriber that saves hears of its own saves as well",
    () => new EventBus(),
    async (store, bus: EventBus) => {
      const internal = bus.subscribe("__internal__");
      await store.saveEvent(makeEvent("a", 1));
      const reader = new BusReader(internal);
      for (const version of upTo(20)) {
        const { event } = await reader.next();
        assertEquals(event.version, version);
        await store.saveEvent(makeEvent("a", version + 1));
      }
    },
  );

  test(
    "a callback that saves may do so while the bus is told",
    () => new EventBus(),
    async (store, bus: EventBus) => {
      const saved: Promise<unknown>[] = [];
      const internal = bus.subscribe("__internal__", {
        buffer: 1,
        onDrop: ({ actorId, version }) => {
          if (actorId !== "a") return;
          saved.push(store.saveEvents(makeEvents(`b${version}`, 1, 2)));
        },
      });
      await store.saveEvents(makeEvents("a", ...upTo(4)));
      await waitFor(() => internal.dropped === 9);
      await Promise.all(saved);
      const { savedEvents, eventStoredPublished } = store.metrics;
      assertEquals([savedEvents, eventStoredPublished], [10, 10]);
    },
  );

  register(
    `${name}: what is saved while the bus is told comes after it`,
    async () => {
      const saved: Promise<unknown>[] = [];
      const bus = new FakeBus(() => {
        const [, { actorId, version }] = bus.given.at(-1)!;
        if (actorId === "a" && version === 1) {
          saved.push(store.saveEvents(makeEvents("b", 1, 2)));
        }
        return Promise.resolve();
      });
      await using store = await backend.open({ bus, namespace: "nested" });
      await store.saveEvents(makeEvents("a", 1, 2, 3));
      await waitFor(() => bus.given.length === 5);
      await Promise.all(saved);
      assertEquals(bus.told, [
        ...upTo(3).map((version): [string, number] => ["a", version]),
        ...upTo(2).map((version): [string, number] => ["b", version]),
      ]);
    },
  );

  test(
    "closing the store gives the bus what waits",
    () =>
      new FakeBus(async () => {
        await new Promise((resolve) => setTimeout(resolve));
      }),
    async (store) => {
      await store.saveEvents(makeEvents("a", ...upTo(50)));
      await store[Symbol.asyncDispose]();
      const { eventStoredPublished, eventStoredDropped } = store.metrics;
      assertEquals([eventStoredPublished, eventStoredDropped], [50, 0]);
    },
  );

  test(
    "the event is told as it was saved",
    fake,
    async (store, bus: FakeBus) => {
      const event = makeEvent("a", 1);
      const { id } = event;
      const saving = store.saveEvent(event);
      Object.assign(event, {
        id: "x",
        actorId: "x",
        version: 9,
        timestamp: "x",
      });
      await saving;
      await waitFor(() => bus.given.length === 1);
      const { eventId, actorId, version } = bus.given[0]![1].data;
      assertEquals([eventId, actorId, version], [id, "a", 1]);
    },
  );

  test("metrics measure what was done", fake, async (store) => {
    await store.saveEvents(makeEvents("a", ...upTo(3)));
    await store.saveEvent(makeEvent("a", 4));
    await reasonOf(() => store.saveEvent(makeEvent("a", 4)));
    const { timestamp } = makeEvent("a", 4);
    const snapshot = { actorId: "a", version: 4, state: {}, timestamp };
    await store.saveSnapshot(snapshot);
    await reasonOf(() => store.saveSnapshot({ ...snapshot, version: 5 }));
    // Refused before it was tried, and nothing to try.
    await reasonOf(() => store.saveEvents(makeEvents("a", 6, 5)));
    await store.saveEvents([]);
    const before = store.metrics;
    await store.getEvents("a");
    await store.getLatestVersion("a");
    await store.getLatestVersions(["a"]);
    await store.getEventsWithErrors("a");
    await store.getLatestSnapshot("a");
    await collect(store.readEvents("a"));
    const { saveDuration, readDuration } = store.metrics;
    assertEquals(saveDuration.count, 5);
    assertEquals([before.readDuration.count, readDuration.count], [0, 6]);
    for (
      const { count, sum, min, max, buckets } of [saveDuration, readDuration]
    ) {
      // A coarse clock may stand still meanwhile.
      assert(0 <= min && min <= max && max < 60);
      assert(sum >= max && sum <= max * count);
      const counted = buckets.reduce((all, bucket) => all + bucket.count, 0);
      assertEquals(counted, count);
      assertEquals(buckets.at(-1)!.to, Infinity);
      const lowest = buckets.find((bucket) => bucket.count > 0)!;
      assert(min <= lowest.to);
    }
    assert(Object.isFrozen(before));
  });

  register(`${name}: options that are none are refused`, async () => {
    const bad: unknown[] = [
      { bus: {} },
      { bus: "bus" },
      { meter: {} },
      { meter: { createObservableCounter() {} } },
      { activeSpan: {} },
    ];
    for (const options of bad) {
      const reason = await reasonOf(async () => {
        await using _ = await backend.open({
          ...options as StoreTelemetryOptions,
          namespace: "refused",
        });
      });
      assertErrorIs(reason, TypeError);
    }
  });
}
