import { assert, assertEquals, assertRejects } from "@std/assert";
import { CsvError } from "../../examples/_csv.ts";
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

type Store = InMemoryEventStore<LogEvent> | JetStreamEventStore<LogEvent>;

interface Report extends ImportResult {
  readonly bad: readonly (readonly [line: number, error: unknown])[];
}

async function importLog(
  log: ReadableStream<Uint8Array>,
  store: Store,
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
async function stored(store: Store): Promise<LogEvent[]> {
  const all: LogEvent[] = [];
  for await (const { event } of store.subscribe({ live: false })) {
    all.push(event);
  }
  return all;
}

/** Runs the test on both kinds of store. */
function testStores(
  name: string,
  body: (store: Store) => Promise<void>,
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

/** A log of these bytes, in chunks of a few. */
function log(bytes: string | Uint8Array): ReadableStream<Uint8Array> {
  const all = typeof bytes === "string"
    ? new TextEncoder().encode(bytes)
    : bytes;
  const size = Math.max(5, Math.ceil(all.length / 50));
  return ReadableStream.from(
    Array.from(
      { length: Math.ceil(all.length / size) },
      (_, i) => all.subarray(i * size, (i + 1) * size),
    ),
  );
}

Deno.test("readEventLog() gives what lies before a quote that is not closed, then fails", async () => {
  for (const [line, row] of [[1, `"${HEADER}`], [4, `c,B,${NOON},,"open`]]) {
    const lines = [HEADER, `c,A,${NOON},,`, `c,A,${NOON},,`];
    if (line === 1) lines[0] = row as string;
    else lines.push(row as string);
    lines.push(...rows(100, 2));
    const read: LogRow[] = [];
    const error = await assertRejects(async () => {
      for await (const each of readEventLog(log(lines.join("\n")))) {
        read.push(each);
      }
    });
    assertEquals(read.length, line === 1 ? 0 : 2);
    assertEquals(
      error instanceof CsvError && error.message,
      `Cannot read CSV: the row that begins on line ${line} has a quote that is not closed, so that nothing behind it can be read`,
    );
  }
});

Deno.test("readEventLog() does not read a whole file for a quote that is not closed", async () => {
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      const text = sent++ === 0 ? `${HEADER}\n"` : "x".repeat(1 << 16);
      controller.enqueue(new TextEncoder().encode(text));
    },
  });
  const error = await assertRejects(
    () => Array.fromAsync(readEventLog(endless)),
    CsvError,
  );
  assert(error.message.includes("line 2 is longer than 8 MiB"), error.message);
  assert(sent < 200, `${sent} chunks were read`);
});

Deno.test("readEventLog() reads rows that end in LF and CRLF, as each likes", async () => {
  const breaks = ["\n", "\r\n"];
  for (const first of breaks) {
    let text = `${HEADER}${first}`;
    for (let i = 0; i < 400; i++) {
      const note = i % 3 === 0 ? '"a\r\nb"' : `n${i}`;
      text += `c,A,${NOON},,${note}${breaks[(i >> 3) % 2]}`;
    }
    const notes = (await Array.fromAsync(readEventLog(log(text)))).map(
      (row) => {
        assert("event" in row);
        return row.event.data.note;
      },
    );
    assertEquals(
      notes,
      notes.map((_, i) => i % 3 === 0 ? "a\r\nb" : `n${i}`),
    );
    assertEquals(notes.length, 400);
  }
});

Deno.test("readEventLog() refuses bytes that are not of the encoding", async () => {
  const text = `${HEADER}\nc,Gr\u00fc\u00dfe,${NOON},,\n`;
  const latin = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const error = await assertRejects(
    () => Array.fromAsync(readEventLog(log(latin))),
    CsvError,
  );
  assert(error.message.includes("is not utf-8; --encoding names another"));
  const [row] = await Array.fromAsync(
    readEventLog(log(latin), { encoding: "latin1" }),
  );
  assert(row && "event" in row);
  assertEquals(row.event.eventType, "Gr\u00fc\u00dfe");
  await assertRejects(
    () => Array.fromAsync(readEventLog(log(text), { encoding: "klingon" })),
    RangeError,
    'there is no encoding "klingon"',
  );
});

Deno.test("readEventLog() refuses a delimiter that is not one character", async () => {
  for (const delimiter of ["", ";;", '"', "\n"]) {
    await assertRejects(
      () => Array.fromAsync(readEventLog(csv(), { delimiter })),
      RangeError,
      "the delimiter must be one character",
    );
  }
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
      ),
      store,
    );
    assertEquals(result, {
      rows: 7,
      events: 2,
      newEvents: 2,
      actors: ["a"],
    });
    assertEquals(bad.map(([line]) => line), [3, 4, 5, 6, 7]);
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
  assertEquals([first.events, first.newEvents], [1800, 1800]);
  const before = await stored(store);
  assertEquals(before.length, 1800);

  const again = await importLog(csv(...lines), store);
  assertEquals([again.events, again.newEvents], [1800, 0]);
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
  const { events, newEvents, bad } = await importLog(csv(...lines), store);
  assertEquals([events, newEvents, bad], [1500, 0, []]);
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
    assert(!success, "a row was left out");
    assert(/^\d+ % read, 60 events saved, [\d,]+ events\/s$/m.test(told), told);
    assert(/^line 62 is left out: .*timestamp/m.test(told), told);
    assert(/^Read 61 rows: .* events\/s$/m.test(text), text);
    assert(/^ +60 {2}new$/m.test(text), text);
    assert(/^ +0 {2}already stored$/m.test(text), text);
    assert(/^ +1 {2}left out$/m.test(text), text);
    assert(/^Replayed 60 events of 20 actors: /m.test(text), text);
    assert(/^Longest history: c0, 3 events$/m.test(text), text);
    assert(/^ +20 +Step 1$/m.test(text), text);
  });
});

Deno.test("the import shows a few of many bad rows, without control characters", async () => {
  const lines = Array.from(
    { length: 500 },
    (_, i) => `c${i},A,${i},,`,
  );
  lines.push(`\x1b[31mc,\x1b[32mA,${NOON},,`);
  await runImport(lines, [], async (child) => {
    const { success, stdout, stderr } = await child.output();
    const [text, told] = [stdout, stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    );
    assert(!success);
    assertEquals(told!.match(/is left out/g)?.length, 10);
    assert(told!.includes("more rows are left out"), told);
    assert(!text!.includes("\x1b"), text);
    assert(text!.includes("Longest history: \\x1b[31mc,"), text);
    assert(text!.includes("\\x1b[32mA"), text);
    assert(/^ +500 {2}left out$/m.test(text!), text);
  });
});

Deno.test("the import names the server it can't connect to", async () => {
  const url = "nats://127.0.0.1:1";
  await runImport(rows(1, 1), ["--nats"], async (child) => {
    const { success, stderr } = await child.output();
    const told = new TextDecoder().decode(stderr);
    assert(!success);
    assert(told.startsWith(`Cannot connect to ${url}: `), told);
  }, url);
});

Deno.test("the import says when its server goes away, and goes on when it is back", async () => {
  await using own = await NatsServer.start();
  await runImport(rows(3000, 15), ["--nats"], async (child) => {
    const stderr = child.stderr.pipeThrough(new TextDecoderStream());
    let told = "";
    let isKilled = false;
    for await (const text of stderr) {
      told += text;
      if (!isKilled && /[1-9][\d,]* events saved/.test(told)) {
        isKilled = true;
        await own.kill();
      }
      const isLost = told.includes("the connection to the server is lost");
      if (isLost && own.pid === undefined) await own.restart();
    }
    const { success } = await child.status;
    const text = await new Response(child.stdout).text();
    assert(success, told);
    assert(told.includes("the connection to the server is back"), told);
    assert(text.startsWith("Read 45,000 rows"), text);
  }, own.url);
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
    assert(new TextDecoder().decode(stdout).startsWith("Read 15,000 rows"));
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
        assert(success && text.startsWith("Read 20 rows"), text);
        assertEquals(/^ +20 {2}already stored$/m.test(text), before);
      }, "");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
