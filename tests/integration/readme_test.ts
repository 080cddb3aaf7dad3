/**
 * The README holds what it says: its programs print what it shows, its lists
 * are those of the code, its links lead somewhere.
 */

import { jetstreamManager, type StreamConfig } from "@nats-io/jetstream";
import { assert, assertEquals } from "@std/assert";
import deno from "../../deno.json" with { type: "json" };
import * as library from "../../mod.ts";
import {
  anchorsOf,
  type Block,
  blocksOf,
  linksOf,
  tablesOf,
} from "../support/markdown.ts";
import { findNatsServer } from "../support/nats_binary.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { storePermissions } from "../support/permissions.ts";
import { runDeno, runProgram } from "../support/readme_program.ts";

const root = new URL("../../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", root));
const blocks = blocksOf(readme);
const [user, password] = ["app", "secret"];

let server: NatsServer;

Deno.test.beforeAll(async () => {
  const [, permissions] = jsonBlocks().filter((value) => "publish" in value);
  const authorization = {
    users: [
      { user: "everybody", password },
      { user, password, permissions },
    ],
  };
  server = await NatsServer.start({
    websocket: true,
    config: `authorization: ${JSON.stringify(authorization)}\n` +
      "no_auth_user: everybody",
  });
});

Deno.test.afterAll(() => server?.[Symbol.asyncDispose]());

function inLanguage(language: string): Block[] {
  return blocks.filter((block) => block.language === language);
}

function jsonBlocks(): Record<string, unknown>[] {
  return inLanguage("json").map(({ text }) => JSON.parse(text));
}

/** The table with this head in its first cell, without the heads. */
function table(head: string): string[][] {
  const found = tablesOf(readme).filter(([heads]) => heads?.[0] === head);
  assertEquals(found.length, 1, `tables of ${head}`);
  return found[0]!.slice(1);
}

/** The code in the first cells of a table. */
function firstCells(head: string): string[] {
  return table(head).map(([cell]) => cell!.replaceAll("`", ""));
}

Deno.test("the README has only blocks that are run or compared", () => {
  for (const { language, line, follows } of blocks) {
    assert(
      ["ts", "sh", "json", "text"].includes(language),
      `line ${line} begins a block of ${JSON.stringify(language)}`,
    );
    const isOutput = follows?.language === "ts";
    assert(!isOutput || language === "text", `line ${line} is no output`);
  }
  const programs = inLanguage("ts");
  assert(programs.length > 10);
  for (const program of programs) {
    assert(
      blocks.some(({ follows }) => follows === program),
      `line ${program.line} begins a program without its output`,
    );
  }
});

Deno.test("the programs of the README have no type errors", async () => {
  const { stderr, code } = await runDeno(["check", "--doc-only", "README.md"]);
  assertEquals(code, 0, stderr);
});

Deno.test("the programs of the README print what it shows", async (t) => {
  const env = {
    NATS_URL: server.url,
    NATS_WS_URL: server.wsUrl,
    NATS_USER: user,
    NATS_PASSWORD: password,
  };
  // One after the other, for some read what others have saved.
  for (const { follows: program, text, line } of inLanguage("text")) {
    if (program === undefined) continue;
    await t.step(`line ${program.line}`, async () => {
      const ended = await runProgram(program.text, env);
      assertEquals(
        ended,
        { stdout: text, stderr: "", code: 0 },
        `The output in line ${line} differs`,
      );
    });
  }
});

/** Every command of the README: the arguments of deno, or why it isn't run. */
const commands: Record<string, string[] | string> = {
  "deno add jsr:@flowmade-one/aether": "needs a registry",
  "deno add jsr:@nats-io/transport-deno": "needs a registry",
  "npx -y deno task quickstart": "gets a deno",
  "npx -y deno task test": "gets a deno",
  "deno task quickstart": ["task", "--quiet", "quickstart"],
  "deno task test": "runs this",
};

Deno.test("the README shows no other commands than are known here", () => {
  const shown = inLanguage("sh").flatMap(({ text }) => text.trim().split("\n"));
  assertEquals(shown.toSorted(), Object.keys(commands).toSorted());
  for (const command of shown) {
    const name = /\bjsr:(\S+)/.exec(command)?.[1];
    assert(
      name === undefined || name === deno.name || name in deno.imports,
      command,
    );
  }
});

Deno.test("the tasks that the pages name are there", async () => {
  for (const page of ["README.md", "CONTRIBUTING.md"]) {
    const text = await Deno.readTextFile(new URL(page, root));
    for (const [, task] of text.matchAll(/\bdeno task ([\w:-]+)/g)) {
      assert(task! in deno.tasks, `${page} names the task ${task}`);
    }
  }
});

Deno.test("the quickstart prints what the README shows", async () => {
  const [output] = inLanguage("text").filter(({ follows }) => !follows);
  const args = commands["deno task quickstart"] as string[];
  for (const more of [[], ["--nats"]]) {
    const ended = await runDeno([...args, ...more], { NATS_URL: server.url });
    assertEquals(ended, { stdout: output!.text, stderr: "", code: 0 });
  }
});

Deno.test("the README lists the permissions that a store needs", () => {
  const lists = jsonBlocks().filter((value) => "publish" in value);
  assertEquals(
    lists,
    [true, false].map((create) => {
      const options = {
        namespace: "orders",
        inboxPrefix: "_INBOX_app",
        create,
      };
      return storePermissions(options) as unknown as Record<string, unknown>;
    }),
  );
});

Deno.test("the README shows the settings that a stream is made with", async () => {
  const [shown] = jsonBlocks().filter((value) => "subjects" in value);
  await using nc = await connect(server);
  {
    await using _ = await library.JetStreamEventStore.open(nc, {
      namespace: "orders",
    });
  }
  const jsm = await jetstreamManager(nc);
  const { config } = await jsm.streams.info("AETHER_orders");
  const made = Object.keys(shown!).map((setting) => {
    const value = config[setting as keyof StreamConfig];
    return [setting, setting === "metadata" ? ownMetadata(value) : value];
  });
  assertEquals(Object.fromEntries(made), shown!);
});

/** Metadata that is not the server's. */
function ownMetadata(metadata: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata as Record<string, string>)
      .filter(([key]) => !key.startsWith("_nats.")),
  );
}

Deno.test("the README shows a configuration that nats-server takes", async () => {
  const [shown] = jsonBlocks().filter((value) => "jetstream" in value);
  const { path } = await findNatsServer();
  const folder = await Deno.makeTempDir({ prefix: "aether-readme-" });
  try {
    const file = `${folder}/nats.conf`;
    await Deno.writeTextFile(file, JSON.stringify(shown));
    const { success, stderr } = await new Deno.Command(path, {
      args: ["-t", "-c", file],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the README lists every error class", () => {
  const classes = Object.entries(library)
    .filter(([, value]) =>
      typeof value === "function" && value.prototype instanceof Error
    )
    .map(([name]) => name);
  assertEquals(firstCells("class").toSorted(), classes.toSorted());
});

/** The options that an interface in a file of the library names. */
async function optionsIn(file: string, name: string): Promise<string[]> {
  const source = await Deno.readTextFile(new URL(file, root));
  const members = new RegExp(`interface ${name}\\b.*?{\n(.*?)^}`, "ms");
  const [, body] = members.exec(source) ?? [];
  return [...body!.matchAll(/^ {2}(\w+)\?:/gm)].map(([, option]) => option!);
}

Deno.test("the README lists every option of open()", async () => {
  const options = [
    ...await optionsIn(
      "store/jetstream/_open_options.ts",
      "JetStreamEventStoreOptions",
    ),
    ...await optionsIn("store/telemetry_options.ts", "StoreTelemetryOptions"),
  ];
  assertEquals(firstCells("option").toSorted(), options.toSorted());
});

Deno.test("the README lists every option of a bus's subscribe()", async () => {
  const options = await optionsIn(
    "bus/event_broadcaster.ts",
    "BusSubscribeOptions",
  );
  assertEquals(
    firstCells("a bus's subscribe").toSorted(),
    options.toSorted(),
  );
});

Deno.test("the links of the README lead somewhere", async () => {
  const anchors = anchorsOf(readme);
  for (const link of linksOf(readme)) {
    if (link.startsWith("https://")) continue;
    if (link.startsWith("#")) assert(anchors.has(link.slice(1)), link);
    else assert((await Deno.stat(new URL(link, root))).isFile, link);
  }
});
