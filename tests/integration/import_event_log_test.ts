import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type LogEvent,
  type LogRow,
  readEventLog,
} from "../../examples/_event_log.ts";
import {
  importEventLog,
  type ImportOptions,
  type ImportResult,
  replay,
} from "../../examples/import_event_log.ts";
import {
  type EventStore,
  InMemoryEventStore,
  JetStreamEventStore,
  VersionConflictError,
} from "../../mod.ts";
import { waitFor } from "../support/conditions.ts";
import { freshNamespace } from "../support/jetstream_backend.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";

const HEADER =
  "case:concept:name,concept:name,time:timestamp,org:resource,note";
const NOON = "2011-10-11 12:00:00.276000+02:00";

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server[Symbol.asyncDispose]());

/** A log in chunks of a few bytes, so that rows lie across them. */
function csv(...lines: string[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode([HEADER, ...lines, ""].join("\n"));
  const size = Math.max(7, Math.ceil(bytes.length / 100));
  let sent = 0;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.subarray(sent, sent += size));
      if (sent >= bytes.length) controller.close();
    },
  });
}

/** Rows of cases that take turns. */
function rows(cases: number, rowsEach: number): string[] {
  const lines: string[] = [];
  for (let step = 1; step <= rowsEach; step++) {
    for (let i = 0; i < cases; i++) lines.push(`c${i},Step ${step},${NOON},,`);
  }
  return lines;
}

async function read(log: ReadableStream<Uint8Array>): Promise<LogRow[]> {
  return await Array.fromAsync(readEventLog(log));
}

interface Report extends ImportResult {
  readonly bad: readonly (readonly [line: number, error: unknown])[];
}

async function importLog(
  log: ReadableStream<Uint8Array>,
  store: EventStore<LogEvent>,
  options: Partial<ImportOptions> = {},
): Promise<Report> {
  const bad: [number, unknown][] = [];
  const result = await importEventLog(log, store, {
    onBadRow: (line, error) => bad.push([line, error]),
    ...options,
  });
  return { ...result, bad };
}

/** Every stored event, in stream order. */
async function stored(store: EventStore<LogEvent>): Promise<LogEvent[]> {
  const all: LogEvent[] = [];
  for await (const { event } of store.subscribe({ live: false })) {
    all.push(event);
  }
  return all;
}

/** Runs the test on both kinds of store. */
function testStores(
  name: string,
  body: (store: EventStore<LogEvent>) => Promise<void>,
): void {
  Deno.test(`${name}, in memory`, async () => {
    await using store = new InMemoryEventStore<LogEvent>();
    await body(store);
  });
  Deno.test(`${name}, on JetStream`, async () => {
    await using nc = await connected();
    await using store = await JetStreamEventStore.open<LogEvent>(nc.nc, {
      namespace: freshNamespace(),
    });
    await body(store);
  });
}

async function connected() {
  const nc = await connect(server);
  return { nc, [Symbol.asyncDispose]: () => nc.close() };
}

Deno.test("readEventLog() makes an event of a row", async () => {
  const [row] = await read(csv(`case-1,Received,${NOON},Jane,by post`));
  assert(row && "event" in row);
  const { id, ...event } = row.event;
  assertEquals(event, {
    eventType: "Received",
    actorId: "case-1",
    version: 1,
    data: { note: "by post" },
    metadata: { userId: "Jane" },
    timestamp: "2011-10-11T12:00:00.276000+02:00",
  });
  assert(/^[0-9a-f-]{14}5/.test(id), id);
});

Deno.test("readEventLog() reads quotes, delimiters and line breaks in fields", async () => {
  const notes = ['say "yes"', "a, b", "two\nlines", "three\n\n\nlines", "é😀"];
  const lines = notes.map((note) =>
    `c,Noted,${NOON},,"${note.replaceAll('"', '""')}"`
  );
  const events = await read(csv(...lines));
  assertEquals(
    events.map((row) => "event" in row && row.event.data.note),
    notes,
  );
});

Deno.test("readEventLog() tells the line a row begins on", async () => {
  const lines = [
    `c,A,${NOON},,"two\nlines"`,
    "",
    "",
    `c,B,${NOON},,`,
    `c,C,${NOON},,"\n"\r`,
    `c,D,${NOON},,`,
  ];
  const events = await read(csv(...lines));
  assertEquals(events.map(({ line }) => line), [2, 6, 7, 9]);
});

Deno.test("readEventLog() gives the same ids each time, and each row its own", async () => {
  const lines = rows(3, 4);
  lines.push(lines.at(-1)!); // happened twice
  const ids = async () =>
    (await read(csv(...lines))).map((row) => "event" in row && row.event.id);
  const first = await ids();
  assertEquals(new Set(first).size, 13);
  assertEquals(await ids(), first);
});

Deno.test("readEventLog() leaves the version of a bad row free", async () => {
  const events = await read(
    csv(`c,A,${NOON},,`, "c,B,yesterday,,", `c,C,${NOON},,`),
  );
  assertEquals(
    events.map((row) => "event" in row ? row.event.version : "bad"),
    [1, "bad", 3],
  );
});

Deno.test("readEventLog() reads the columns it is told", async () => {
  const text = "when;who;what;no\n2020-01-01T00:00:00Z;a;b;7\n";
  const [row] = await Array.fromAsync(readEventLog(
    ReadableStream.from([new TextEncoder().encode(text)]),
    {
      delimiter: ";",
      columns: { actor: "no", type: "what", time: "when", user: "who" },
    },
  ));
  assert(row && "event" in row);
  const { actorId, eventType, metadata, data } = row.event;
  assertEquals(
    { actorId, eventType, metadata, data },
    { actorId: "7", eventType: "b", metadata: { userId: "a" }, data: {} },
  );
});

Deno.test("readEventLog() refuses a log without the columns it needs", async () => {
  for (const header of ["", "a,b", `${HEADER},note`]) {
    const bytes = new TextEncoder().encode(`${header}\n1,2\n`);
    await assertRejects(
      () => Array.fromAsync(readEventLog(ReadableStream.from([bytes]))),
      RangeError,
      "Cannot read event log: its header must have one column",
    );
  }
  await assertRejects(
    () => Array.fromAsync(readEventLog(ReadableStream.from([]))),
    RangeError,
  );
});

testStores(
  "importEventLog() goes on after rows that are no events",
  async (store) => {
    const { bad, ...result } = await importLog(
      csv(
        `a,Begun,${NOON},,`,
        "a,Dated,2011-13-01 00:00:00+02:00,,",
        `,Nameless,${NOON},,`,
        `a,Short,${NOON}`,
        `a,Long,${NOON},,,,`,
        `a,,${NOON},,`,
        `a,Went on,${NOON},,`,
        `b,Begun,${NOON},,"never closed`,
        `b,Swallowed,${NOON},,`,
      ),
      store,
    );
    assertEquals(result, {
      rows: 8,
      events: 2,
      storedBefore: 0,
      actors: ["a"],
    });
    assertEquals(bad.map(([line]) => line), [3, 4, 5, 6, 7, 9]);
    for (const [, error] of bad) {
      assert(
        error instanceof Error && error.message,
      );
    }
    assertEquals(
      (await store.getEvents("a")).map(({ eventType }) => eventType),
      ["Begun", "Went on"],
    );
  },
);

testStores("importEventLog() stores nothing twice", async (store) => {
  const lines = rows(300, 6);
  const first = await importLog(csv(...lines), store);
  assertEquals([first.events, first.storedBefore], [1800, 0]);
  const before = await stored(store);
  assertEquals(before.length, 1800);

  const again = await importLog(csv(...lines), store);
  assertEquals([again.events, again.storedBefore], [1800, 1800]);
  assertEquals(again.bad, []);
  assertEquals(await stored(store), before);
});

testStores(
  "importEventLog() keeps the order of a case's rows",
  async (store) => {
    const lines = rows(3, 1500);
    lines.push(...rows(1500, 1).map((line) => `x${line}`));
    await importLog(csv(...lines), store);
    for (const actorId of ["c0", "c1", "c2"]) {
      const history = await store.getEvents(actorId);
      assertEquals(
        history.map(({ eventType, version }) => [eventType, version]),
        Array.from({ length: 1500 }, (_, i) => [`Step ${i + 1}`, i + 1]),
      );
    }
  },
);

testStores(
  "importEventLog() finishes what was cut off half way",
  async (store) => {
    const lines = rows(300, 10);
    const cut = new AbortController();
    const reason = new Error("cut off");
    const error = await assertRejects(() =>
      importLog(csv(...lines), store, {
        signal: cut.signal,
        onProgress: (_, events) => events >= 1000 && cut.abort(reason),
      })
    );
    assertEquals(error, reason);
    const half = (await stored(store)).length;
    assert(half >= 1000 && half < 3000, `${half} stored`);

    const { events, bad, actors } = await importLog(csv(...lines), store);
    assertEquals([events, bad], [3000, []]);
    const all = await stored(store);
    assertEquals(all.length, 3000);
    assertEquals(new Set(all.map(({ id }) => id)).size, 3000);
    for (const actorId of actors) {
      assertEquals(
        (await store.getEvents(actorId)).map(({ version }) => version),
        Array.from({ length: 10 }, (_, i) => i + 1),
      );
    }
  },
);

testStores(
  "importEventLog() reports a row that the history has moved past",
  async (store) => {
    await importLog(csv(`a,A,${NOON},,`, "a,B,bad,,", `a,C,${NOON},,`), store);
    const mended = csv(
      `a,A,${NOON},,`,
      `a,B,${NOON},,`,
      `a,C,${NOON},,`,
      `a,D,${NOON},,`,
      ...rows(10, 10),
    );
    const { events, bad } = await importLog(mended, store);
    assertEquals(events, 103);
    assertEquals(bad.map(([line]) => line), [3]);
    assert(bad[0]![1] instanceof VersionConflictError);
    assertEquals(
      (await store.getEvents("a")).map(({ eventType }) => eventType),
      ["A", "C", "D"],
    );
  },
);

Deno.test("importEventLog() stores nothing twice long after the duplicate window", async () => {
  const namespace = freshNamespace();
  const duplicateWindow = 100;
  const open = (nc: Parameters<typeof JetStreamEventStore.open>[0]) =>
    JetStreamEventStore.open<LogEvent>(nc, { namespace, duplicateWindow });
  const lines = rows(300, 5);
  {
    await using first = await connected();
    await using store = await open(first.nc);
    await importLog(csv(...lines), store);
  }
  const saved = performance.now();
  await waitFor(() => performance.now() > saved + 5 * duplicateWindow);

  await using second = await connected();
  await using store = await open(second.nc);
  const { events, storedBefore, bad } = await importLog(csv(...lines), store);
  assertEquals([events, storedBefore, bad], [1500, 1500, []]);
  assertEquals((await stored(store)).length, 1500);
});

Deno.test("importEventLog() fails with what the store fails with", async () => {
  const store = new InMemoryEventStore<LogEvent>();
  const broken = new Error("broken");
  store.saveEvents = () => Promise.reject(broken);
  assertEquals(
    await assertRejects(() => importLog(csv(...rows(2000, 3)), store)),
    broken,
  );
});

Deno.test("replay() sums up every history", async () => {
  await using store = new InMemoryEventStore<LogEvent>();
  const { actors } = await importLog(csv(...rows(50, 2), ...rows(1, 3)), store);
  assertEquals(await replay(store, actors), {
    events: 103,
    longest: { actorId: "c0", events: 5 },
    types: [["Step 1", 51], ["Step 2", 51], ["Step 3", 1]],
  });
  assertEquals((await replay(store, [])).events, 0);
});

/**
 * The program, as `deno task import` runs it, on a file of its own.
 *
 * @param natsUrl Empty for the program to start a server.
 */
async function runImport(
  lines: readonly string[],
  args: readonly string[],
  use: (child: Deno.ChildProcess) => Promise<void>,
  natsUrl = server.url,
): Promise<void> {
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    await Deno.writeTextFile(file, [HEADER, ...lines, ""].join("\n"));
    await use(
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-q",
          "-P=examples",
          "examples/import_event_log.ts",
          file,
          ...args,
        ],
        cwd: new URL("../..", import.meta.url),
        env: { NATS_URL: natsUrl, NO_COLOR: "1" },
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("the import shows its progress and sums up", async () => {
  const lines = [...rows(20, 3), "c0,Bad,never,,"];
  await runImport(lines, [], async (child) => {
    const { success, stdout, stderr } = await child.output();
    const text = new TextDecoder().decode(stdout);
    const told = new TextDecoder().decode(stderr);
    assert(success, told);
    assert(/^\d+ % read, 60 events saved, [\d,]+ events\/s$/m.test(told), told);
    assert(/^line 62 is left out: .*timestamp/m.test(told), told);
    assert(/^Saved 60 events of 61 rows: .* events\/s$/m.test(text), text);
    assert(/^ +left out: 1$/m.test(text), text);
    assert(/^Replayed 60 events of 20 actors: /m.test(text), text);
    assert(/^Longest history: c0, 3 events$/m.test(text), text);
    assert(/^ +20 +Step 1$/m.test(text), text);
  });
});

Deno.test("an import whose process was killed is finished by the next", async () => {
  const lines = rows(1500, 10);
  const namespace = freshNamespace();
  const args = ["--nats", "--namespace", namespace];
  await using nc = await connected();
  await using store = await JetStreamEventStore.open<LogEvent>(nc.nc, {
    namespace,
  });
  await runImport(lines, args, async (child) => {
    await waitFor(async () => await store.getLatestVersion("c0") > 0);
    child.kill("SIGKILL");
    await child.output();
  });
  const half = (await stored(store)).length;
  assert(half > 0 && half < 15_000, `${half} stored`);
  await runImport(lines, args, async (child) => {
    const { success, stdout } = await child.output();
    assert(success);
    assert(new TextDecoder().decode(stdout).startsWith("Saved 15,000 events"));
  });
  const all = await stored(store);
  assertEquals(all.length, 15_000);
  assertEquals(new Set(all.map(({ id }) => id)).size, 15_000);
});

Deno.test("the import keeps its files where it is told", async () => {
  const folder = await Deno.makeTempDir();
  try {
    for (const before of [false, true]) {
      await runImport(rows(10, 2), ["--store", folder], async (child) => {
        const { success, stdout } = await child.output();
        const text = new TextDecoder().decode(stdout);
        assert(success && text.startsWith("Saved 20 events of 20 rows"), text);
        assertEquals(text.includes("stored before: 20"), before);
      }, "");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
