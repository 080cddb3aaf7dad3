import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  ConnectionClosedError,
  NoRespondersError,
  RequestTimeoutError,
} from "../../internal/nats/errors.ts";
import { JetStreamCode, jetStreamError } from "../../internal/nats/js_api.ts";
import {
  DuplicateEventError,
  SaveOutcomeUnknownError,
  VersionConflictError,
} from "../../store/errors.ts";
import { JetStreamUnavailableError } from "../../store/jetstream/errors.ts";
import { createEvent } from "../../event/create_event.ts";
import type { Event } from "../../event/event.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../support/conditions.ts";
import { countedSignal } from "../support/contract/signals.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { refusalOf } from "../support/refusals.ts";

/** Saves on their way at most. */
const IN_FLIGHT = 2_000;

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

const event = (actorId: string, version: number): Event =>
  createEvent({ eventType: "Happened", actorId, version, data: {} });

/** A store that knows these actors at version 1. */
function testSaves(
  name: string,
  actors: readonly string[],
  use: (store: JetStreamEventStore) => Promise<void>,
): void {
  Deno.test(name, async () => {
    await using resources = new AsyncDisposableStack();
    const nc = resources.adopt(await connect(server), (nc) => nc.close());
    const namespace = freshNamespace();
    const store = resources.use(
      await JetStreamEventStore.open(nc, { namespace }),
    );
    await store.saveEvents(actors.slice(0, 1_000).map((a) => event(a, 1)));
    await store.saveEvents(actors.slice(1_000, 2_000).map((a) => event(a, 1)));
    await store.saveEvents(actors.slice(2_000).map((a) => event(a, 1)));
    await use(store);
  });
}

const crowd = Array.from({ length: IN_FLIGHT + 500 }, (_, i) => `actor-${i}`);

testSaves(
  "saves that are given up before they are sent store nothing",
  crowd,
  async (store) => {
    const controller = new AbortController();
    const { signal } = controller;
    const saves = crowd.map((a, i) =>
      store.saveEvent(event(a, 2), i < IN_FLIGHT ? {} : { signal })
    );
    const settled = Promise.allSettled(saves);
    controller.abort(new Error("given up"));
    const late = crowd.slice(IN_FLIGHT);
    for (const [i, result] of (await settled).entries()) {
      if (i < IN_FLIGHT) assertEquals(result.status, "fulfilled");
      else {
        assertEquals((result as PromiseRejectedResult).reason, signal.reason);
      }
    }
    const versions = await store.getLatestVersions(late);
    assertEquals(new Set(versions.values()), new Set([1]));
    const again = await Promise.all(
      late.map((a) => store.saveEvent(event(a, 2))),
    );
    assert(again.every(({ duplicate }) => !duplicate));
  },
);

testSaves(
  "a save that is given up on its way counts as unknown, and the store goes on",
  ["a"],
  async (store) => {
    const controller = new AbortController();
    const { signal } = controller;
    const second = event("a", 2);
    const saving = store.saveEvent(second, { signal });
    controller.abort(new Error("given up"));
    const error = await assertRejects(() => saving, SaveOutcomeUnknownError);
    assertEquals(error.eventIds, [second.id]);
    assertEquals(error.cause, signal.reason);
    await waitFor(async () => await store.getLatestVersion("a") === 2);
    // That it was stored later is not told again.
    const { saves, unknownOutcomes } = store.metrics;
    assertEquals({ saves, unknownOutcomes }, { saves: 1, unknownOutcomes: 1 });
    assert((await store.saveEvent(second)).duplicate);
    assert(!(await store.saveEvent(event("a", 3))).duplicate);
    const stored = await store.getEvents("a");
    assertEquals(stored.map(({ version }) => version), [1, 2, 3]);
  },
);

testSaves(
  "a save that is given up behind another one of its actor stores nothing",
  ["a"],
  async (store) => {
    const controller = new AbortController();
    const { signal } = controller;
    const second = store.saveEvent(event("a", 2));
    const third = store.saveEvent(event("a", 3), { signal });
    const fourth = store.saveEvent(event("a", 4));
    const refused = assertRejects(() => third);
    controller.abort(new Error("given up"));
    assertEquals(await refused, signal.reason);
    await second;
    await fourth;
    const stored = await store.getEvents("a");
    assertEquals(stored.map(({ version }) => version), [1, 2, 4]);
  },
);

testSaves(
  "saves of one actor that are given up together store nothing but the first",
  ["a"],
  async (store) => {
    const controller = new AbortController();
    const { signal } = controller;
    const saves = [2, 3, 4].map((version) =>
      store.saveEvent(event("a", version), { signal })
    );
    const settled = Promise.allSettled(saves);
    controller.abort(new Error("given up"));
    const [first, ...others] = (await settled).map((result) =>
      (result as PromiseRejectedResult).reason
    );
    assertInstanceOf(first, SaveOutcomeUnknownError);
    assertEquals(others, [signal.reason, signal.reason]);
    await waitFor(async () => await store.getLatestVersion("a") === 2);
    await store.saveEvent(event("a", 5));
    const stored = await store.getEvents("a");
    assertEquals(stored.map(({ version }) => version), [1, 2, 5]);
  },
);

testSaves(
  "a save that is given up lets the next one of its actor begin",
  ["a"],
  async (store) => {
    const controller = new AbortController();
    const { signal } = controller;
    const second = event("a", 2);
    const given = assertRejects(
      () => store.saveEvent(second, { signal }),
      SaveOutcomeUnknownError,
    );
    const next = store.saveEvent(event("a", 3));
    controller.abort(new Error("given up"));
    await given;
    // It takes its place behind the other one, which was sent before.
    assertEquals((await next).version, 3);
    const stored = await store.getEvents("a");
    assertEquals(stored.map(({ version }) => version), [1, 2, 3]);
  },
);

testSaves(
  "a save that is given up for a reason that is no text ends as well",
  ["a"],
  async (store) => {
    const controller = new AbortController();
    const { signal } = controller;
    const reason = Object.create(null);
    const given = assertRejects(
      () => store.saveEvent(event("a", 2), { signal }),
      SaveOutcomeUnknownError,
    );
    controller.abort(reason);
    assertStrictEquals((await given).cause, reason);
  },
);

testSaves(
  "saves of one actor have their turns in the order of the calls, with and without signals",
  ["a"],
  async (store) => {
    const { signal } = new AbortController();
    const versions = Array.from({ length: 100 }, (_, i) => i + 2);
    const saves = versions.map((version) =>
      store.saveEvent(event("a", version), version % 3 === 0 ? { signal } : {})
    );
    const late = store.saveEvent(event("a", 50), { signal });
    const refused = assertRejects(() => late, VersionConflictError);
    const results = await Promise.all(saves);
    await refused;
    const sequences = results.map(({ sequence }) => sequence);
    assertEquals(sequences, sequences.toSorted((a, b) => a - b));
    assertEquals(
      (await store.getEvents("a")).map(({ version }) => version),
      [1, ...versions],
    );
  },
);

testSaves(
  "a save that was overtaken leaves no listener on its signal",
  ["a"],
  async (store) => {
    const nc = await connect(server);
    await using other = await JetStreamEventStore.open(nc, {
      namespace: store.metrics.namespace,
    });
    await other.saveEvent(event("a", 2));
    const { signal, listeners } = countedSignal();
    await store.saveEvent(event("a", 3), { signal });
    assertEquals(listeners.size, 0);
    await nc.close();
  },
);

/** Reasons that the library itself may fail with. */
const reasons = {
  VersionConflictError: new VersionConflictError({
    actorId: "other",
    attemptedVersion: 1,
    currentVersion: 2,
  }),
  DuplicateEventError: new DuplicateEventError("another failed", {
    eventId: "other",
    actorId: "other",
  }),
  RequestTimeoutError: new RequestTimeoutError("other", 5),
  ConnectionClosedError: new ConnectionClosedError("another failed"),
  NoRespondersError: new NoRespondersError("other"),
  JetStreamApiError: jetStreamError(
    JetStreamCode.streamNotFound,
    404,
    "another stream was not found",
  ),
};

for (const [name, reason] of Object.entries(reasons)) {
  Deno.test(`what is given up because of a ${name} ends at once, and says so`, async () => {
    await using silent = await NatsServer.start();
    await using resources = new AsyncDisposableStack();
    const nc = resources.adopt(await connect(silent), (nc) => nc.close());
    const namespace = freshNamespace();
    const store = resources.use(
      await JetStreamEventStore.open(nc, { namespace }),
    );
    const saved = [event("a", 1), event("b", 1)];
    await store.saveEvents(saved);
    await silent.pause();
    const controller = new AbortController();
    const { signal } = controller;
    const sent = [
      store.saveEvent(event("a", 2), { signal }),
      store.saveEvents([event("b", 2), event("b", 3)], { signal }),
    ];
    const asking = [
      store.saveEvent(event("new", 1), { signal }),
      store.getEvents("a", { signal }),
      store.getLatestVersion("a", { signal }),
      store.getLatestSnapshot("a", { signal }),
      store.saveSnapshot({
        actorId: "a",
        version: 1,
        state: {},
        timestamp: "2024-01-01T00:00:00Z",
      }, { signal }),
      JetStreamEventStore.open(nc, { namespace, signal }),
      Array.fromAsync(store.subscribe({ signal })),
    ];
    const ended = [...sent, ...asking].map((call) => refusalOf(() => call));
    await new Promise((resolve) => setTimeout(resolve));
    const began = performance.now();
    controller.abort(reason);
    const [one, several, ...others] = await Promise.all(ended);
    // Who asks again without a pause holds up every timer, this one as well.
    await new Promise((resolve) => setTimeout(resolve));
    const took = performance.now() - began;
    assert(took < 4_500, `it took ${took} ms`);
    for (const error of [one, several]) {
      assertInstanceOf(error, SaveOutcomeUnknownError);
      assertEquals(error.cause, reason);
    }
    for (const error of others) assertStrictEquals(error, reason);
    silent.resume();
  });
}

Deno.test("a save behind another one of its actor ends in its own time", async () => {
  await using silent = await NatsServer.start();
  await using resources = new AsyncDisposableStack();
  const nc = resources.adopt(await connect(silent), (nc) => nc.close());
  const saveTimeout = 1_500;
  const options = { namespace: freshNamespace(), saveTimeout };
  const store = resources.use(await JetStreamEventStore.open(nc, options));
  await store.saveEvent(event("a", 1));
  await silent.pause();
  const saves = [2, 3].map((version) => {
    const saving = () => store.saveEvent(event("a", version));
    // Twice as long if it began when the other one has ended.
    return refusalOf(saving, 1.7 * saveTimeout);
  });
  // Each of them would ask where its actor is first.
  const unknown = Array.from({ length: 50 }, (_, i) => {
    const saving = () => store.saveEvent(event("unknown", i + 1));
    return refusalOf(saving, 1.7 * saveTimeout);
  });
  const [second, third] = await Promise.all(saves);
  assertInstanceOf(second, SaveOutcomeUnknownError);
  assertInstanceOf(third, JetStreamUnavailableError);
  for (const error of await Promise.all(unknown)) {
    assertInstanceOf(error, JetStreamUnavailableError);
  }
  silent.resume();
});

testSaves(
  "a save ends when its signal is aborted by who disposes the store",
  ["a"],
  async (store) => {
    const controller = new AbortController();
    const { signal } = controller;
    let disposing: PromiseLike<void> | undefined;
    // Called before the store's own listener.
    signal.addEventListener("abort", () => {
      disposing = store.close();
    });
    const error = assertRejects(() =>
      store.saveEvent(event("a", 2), { signal })
    );
    controller.abort();
    assertInstanceOf(await error, Error);
    await disposing;
  },
);
