/**
 * The lists, commands and links of the README and of docs/ are those of the
 * code.
 */

import { jetstreamManager, type StreamConfig } from "@nats-io/jetstream";
import { assert, assertEquals } from "@std/assert";
import deno from "../../deno.json" with { type: "json" };
import * as decider from "../../decider/mod.ts";
import * as library from "../../mod.ts";
import * as testing from "../../testing/mod.ts";
import * as clusterPermissions from "../support/cluster_permissions.ts";
import { type Page, readPage, readPages, root } from "../support/doc_pages.ts";
import { anchorsOf, linksOf, tablesOf } from "../support/markdown.ts";
import { findNatsServer } from "../support/nats_binary.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import {
  electionPermissions,
  storePermissions,
} from "../support/permissions.ts";

const pages = await readPages();
const operations = await readPage("docs/operations.md");

function jsonBlocks({ blocks }: Page): Record<string, unknown>[] {
  return blocks.filter(({ language }) => language === "json")
    .map(({ text }) => JSON.parse(text));
}

/** The code in the first cells of the page's table with this first head. */
function firstCells({ text, path }: Page, head: string): string[] {
  const found = tablesOf(text).filter(([heads]) => heads?.[0] === head);
  assertEquals(found.length, 1, `tables of ${head} in ${path}`);
  return found[0]!.slice(1).map(([cell]) => cell!.replaceAll("`", ""));
}

/** Commands that need a registry, or a machine without Deno. */
const NOT_RUN_HERE = [
  "deno add jsr:@flowmade-one/aether",
  "deno add jsr:@nats-io/transport-deno",
  "npm install @flowmade-one/aether @nats-io/nats-core @nats-io/transport-node",
  "npx -y deno task demo",
  "npx -y deno task test",
];

Deno.test("the commands that the pages show are tasks or installs of packages", () => {
  for (const { path, blocks } of pages) {
    const commands = blocks.filter(({ language }) => language === "sh")
      .flatMap(({ text }) => text.trim().split("\n"));
    for (const command of commands) {
      const isTask = /^deno task /.test(command);
      assert(isTask || NOT_RUN_HERE.includes(command), `${path}: ${command}`);
      const name = /\bjsr:(\S+)/.exec(command)?.[1];
      assert(
        name === undefined || name === deno.name || name in deno.imports,
        `${path}: ${command}`,
      );
    }
  }
});

Deno.test("the tasks that the pages name are there", async () => {
  for (const { path, text } of [...pages, await readPage("CONTRIBUTING.md")]) {
    for (const [, task] of text.matchAll(/\bdeno task ([\w:-]+)/g)) {
      assert(task! in deno.tasks, `${path} names the task ${task}`);
    }
  }
});

Deno.test("operations lists the permissions that a store needs", () => {
  const lists = jsonBlocks(operations).filter((value) => "publish" in value);
  const expected = [true, false].map((create) =>
    storePermissions({ namespace: "orders", inboxPrefix: "_INBOX_app", create })
  );
  assertEquals(lists as unknown, expected);
});

Deno.test("the cluster's page lists the permissions of each part in a cluster", async () => {
  const shown = jsonBlocks(await readPage("docs/cluster.md"))
    .filter((value) => "publish" in value);
  const options = { inboxPrefix: "_INBOX_app", create: false };
  const needed = Object.values(clusterPermissions).map((permissionsOf) =>
    permissionsOf("default", options.inboxPrefix, options.create)
  );
  const sorted = (lists: unknown[]) =>
    lists.map((list) => JSON.stringify(list, null, 2)).sort();
  const expected = [electionPermissions(options), ...needed];
  assertEquals(sorted(shown), sorted(expected));
});

Deno.test("the cluster's page lists the durations of a lease", async () => {
  const options = await optionsIn(
    "cluster/lease/settings.ts",
    "LeaseDurations",
  );
  const listed = firstCells(await readPage("docs/cluster.md"), "option");
  assertEquals(listed, options);
});

Deno.test("operations shows the settings that a stream is made with", async () => {
  const [shown] = jsonBlocks(operations).filter((value) => "subjects" in value);
  await using server = await NatsServer.start();
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

Deno.test("operations shows a configuration that nats-server takes", async () => {
  const [shown] = jsonBlocks(operations).filter((value) =>
    "jetstream" in value
  );
  const { path } = await findNatsServer();
  const folder = await Deno.makeTempDir({ prefix: "aether-docs-" });
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

Deno.test("the table of errors lists every error class", async () => {
  const classes = Object.entries({ ...library, ...decider, ...testing })
    .filter(([, value]) =>
      typeof value === "function" && value.prototype instanceof Error
    )
    .map(([name]) => name);
  const listed = firstCells(await readPage("docs/errors.md"), "class");
  assertEquals(listed.toSorted(), classes.toSorted());
});

/** The options that an interface in a file of the library names. */
async function optionsIn(file: string, name: string): Promise<string[]> {
  const source = await Deno.readTextFile(new URL(file, root));
  const members = new RegExp(`interface ${name}\\b.*?{\n(.*?)^}`, "ms");
  const [, body] = members.exec(source) ?? [];
  return [...body!.matchAll(/^ {2}(?:readonly )?(\w+)\?:/gm)]
    .map(([, option]) => option!);
}

Deno.test("operations lists every option of open()", async () => {
  const options = [
    ...await optionsIn(
      "store/jetstream/_open_options.ts",
      "JetStreamEventStoreOptions",
    ),
    ...await optionsIn("store/telemetry_options.ts", "StoreTelemetryOptions"),
    ...await optionsIn("event/event_sources.ts", "CreateEventOptions"),
  ];
  const listed = firstCells(operations, "option");
  assertEquals(listed.toSorted(), options.toSorted());
});

Deno.test("the bus's page lists every option of subscribe()", async () => {
  const options = [
    ...await optionsIn("event/filters.ts", "EventFilter"),
    ...await optionsIn("bus/event_broadcaster.ts", "BusSubscribeOptions"),
  ];
  const listed = firstCells(
    await readPage("docs/bus.md"),
    "a bus's `subscribe`",
  );
  assertEquals(listed.toSorted(), options.toSorted());
});

/** The instruments that a page names; `….x` is one beside the one before it. */
function* instrumentsIn(text: string): Iterable<string> {
  let before = "";
  for (const [, name] of text.matchAll(/`((?:[a-z]+|…)\.[a-z_.]+)`/g)) {
    const family = before.slice(0, before.lastIndexOf("."));
    yield before = name!.replace(/^…/, family);
  }
}

/** The instruments of the library: those that have a description. */
async function instruments(): Promise<Set<string>> {
  const found = new Set<string>();
  for (const room of ["store", "bus", "cluster", "internal/telemetry"]) {
    for await (const source of sourcesIn(new URL(`${room}/`, root))) {
      const named = source.matchAll(
        /"((?:aether|db|messaging)\.[a-z_.]+)",\s+(?:unit|{\s+description):/g,
      );
      for (const [, name] of named) found.add(name!);
    }
  }
  return found;
}

async function* sourcesIn(folder: URL): AsyncIterable<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* sourcesIn(new URL(`${name}/`, folder));
    else yield await Deno.readTextFile(new URL(name, folder));
  }
}

Deno.test("the page of metrics lists every instrument, and operations none that is not there", async () => {
  const all = await instruments();
  const { text } = await readPage("docs/telemetry.md");
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));
  const listed = rows.flatMap((row) => [...instrumentsIn(row.split("|")[1]!)]);
  assertEquals(listed.toSorted(), [...all].toSorted());
  const watched = operations.text.split("\n")
    .filter((line) => line.includes("aether.") && line.endsWith("|"))
    .flatMap((row) => [...instrumentsIn(row)]);
  assertEquals(watched.filter((name) => !all.has(name)), []);
  assertEquals(watched.length > 10, true);
});

Deno.test("the links of the pages lead somewhere", async () => {
  const anchors = new Map<string, Set<string>>();
  for (const { path, text } of pages) anchors.set(path, anchorsOf(text));
  for (const { path, text } of pages) {
    for (const link of linksOf(text)) {
      if (link.startsWith("https://")) continue;
      const [target, anchor] = link.split("#") as [string, string?];
      const url = target === ""
        ? new URL(path, root)
        : new URL(target, new URL(path, root));
      await Deno.stat(url);
      if (anchor === undefined) continue;
      const page = url.href.slice(root.href.length);
      assert(anchors.get(page)?.has(anchor), `${path} links to ${link}`);
    }
  }
});
