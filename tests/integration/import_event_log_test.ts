import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type BadRow,
  type LogEvent,
  readEventLog,
} from "../../examples/_event_log.ts";
import {
  describe,
  importEventLog,
  replay,
} from "../../examples/import_event_log.ts";
import {
  type EventStore,
  InMemoryEventStore,
  JetStreamEventStore,
} from "../../mod.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

const columns = { actor: "case", type: "activity", time: "when" };

const LOG = `case,activity,when,note
a,Opened,2011-10-11 13:45:40.276000+02:00,"says ""hello"""
b,Opened,2011-10-11T13:45:40Z,"two
lines, and a comma"
a,Closed,2011-12-01 08:00:00+01:00,
a,Closed,yesterday,not a time
,Opened,2011-12-01 08:00:00+01:00,nobody
b,,2011-12-01 08:00:00+01:00,nothing happened
b,Closed,2011-12-01 08:00:00+01:00
a,Reopened,2012-01-01 08:00:00.123456789+01:00,é 😀
`;

const stream = (text: string) => new Blob([text]).stream();

/** A log of some actors with some events each, mixed. */
function longLog(actors: number, events: number): string {
  const lines = ["case,activity,when"];
  for (let event = 1; event <= events; event++) {
    for (let actor = 1; actor <= actors; actor++) {
      lines.push(`case-${actor},Step ${event},2020-01-01 00:00:00Z`);
    }
  }
  return lines.join("\n");
}

/** The first half of a log, and a break once it was said so. */
function cutOff(text: string, cut: Promise<void>): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent >= bytes.length / 2) {
        await cut;
        return controller.error(new Error("cut off"));
      }
      controller.enqueue(bytes.slice(sent, sent += 4_096));
    },
  });
}

async function historiesOf(
  store: EventStore<LogEvent>,
  actors: Iterable<string>,
) {
  const histories: Record<string, unknown> = {};
  for (const actorId of actors) {
    histories[actorId] = (await store.getEvents(actorId)).map((event) => [
      event.version,
      event.eventType,
      event.timestamp,
      event.data,
    ]);
  }
  return histories;
}

Deno.test("importEventLog() saves what can be events, and reports the rest", async () => {
  await using store = new InMemoryEventStore<LogEvent>();
  const badRows: BadRow[] = [];
  const summary = await importEventLog(store, stream(LOG), columns, {
    onBadRow: (row) => badRows.push(row),
  });
  assertEquals(await historiesOf(store, ["a", "b"]), {
    a: [
      [1, "Opened", "2011-10-11T13:45:40.276000+02:00", {
        note: 'says "hello"',
      }],
      [2, "Closed", "2011-12-01T08:00:00+01:00", { note: "" }],
      [3, "Reopened", "2012-01-01T08:00:00.123456789+01:00", {
        note: "é 😀",
      }],
    ],
    b: [
      [1, "Opened", "2011-10-11T13:45:40Z", {
        note: "two\nlines, and a comma",
      }],
    ],
  });
  assertEquals(badRows.map(({ line }) => line), [6, 7, 8, 9]);
  for (const { reason } of badRows) assert(reason.length > 0);
  assertEquals(summary.events, 4);
  assertEquals(summary.badRows, 4);
  const text = describe(summary, await replay(store, summary.actors));
  for (
    const line of [
      "Events: 4, 0 of them stored before",
      "Actors: 2",
      "Longest history: 3 events of a",
      "  Opened: 2",
    ]
  ) assert(text.split("\n").includes(line), text);
});

Deno.test("readEventLog() gives the same ids each time, and each its own", async () => {
  const twice = LOG + "a,Closed,2011-12-01 08:00:00+01:00,\n";
  const read = async () =>
    (await Array.fromAsync(readEventLog(stream(twice), columns, () => {})))
      .map(({ id }) => id);
  const ids = await read();
  assertEquals(new Set(ids).size, 5);
  assertEquals(await read(), ids);
});

Deno.test("readEventLog() says which column is missing", async () => {
  const wrong = { ...columns, type: "concept:name" };
  const error = await assertRejects(
    () => Array.fromAsync(readEventLog(stream(LOG), wrong, () => {})),
    RangeError,
  );
  assert(error.message.includes('"concept:name"'), error.message);
  assert(error.message.includes('"activity"'), error.message);
});

Deno.test("importEventLog() goes on where it was cut off, and stores nothing twice", async () => {
  await using server = await NatsServer.start();
  const log = longLog(50, 80);
  const actors = Array.from({ length: 50 }, (_, i) => `case-${i + 1}`);
  const expected = await (async () => {
    await using memory = new InMemoryEventStore<LogEvent>();
    await importEventLog(memory, stream(log), columns);
    return await historiesOf(memory, actors);
  })();
  const open = async (resources: AsyncDisposableStack) => {
    const nc = await connect(server);
    resources.defer(() => nc.close());
    return resources.use(
      await JetStreamEventStore.open<LogEvent>(nc, { duplicateWindow: 100 }),
    );
  };
  {
    await using resources = new AsyncDisposableStack();
    const store = await open(resources);
    const { promise: cut, resolve: onProgress } = Promise
      .withResolvers<void>();
    await assertRejects(
      () =>
        importEventLog(store, cutOff(log, cut), columns, {
          onProgress: () => onProgress(),
        }),
      Error,
      "cut off",
    );
  }
  await using resources = new AsyncDisposableStack();
  const store = await open(resources);
  const first = await importEventLog(store, stream(log), columns);
  assertEquals(first.events, 4_000);
  assert(first.duplicates > 0 && first.duplicates < 4_000);
  assertEquals(await historiesOf(store, actors), expected);
  const end = await lastSequence(store);
  const stored = performance.now();
  await waitFor(() => performance.now() - stored > 500); // the window is over
  const again = await importEventLog(store, stream(log), columns);
  assertEquals([again.events, again.duplicates], [4_000, 4_000]);
  assertEquals(await lastSequence(store), end);
});

async function lastSequence(store: EventStore<LogEvent>): Promise<number> {
  let last = 0;
  for await (const { sequence } of store.subscribe({ live: false })) {
    last = sequence;
  }
  return last;
}
