import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path/posix";

/**
 * The rooms, and the rooms whose files each may import besides its own: those
 * named here and what these may import. The longest name that a file's path
 * begins with is its room.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  "internal": [],
  "internal/nats": ["internal"],
  "internal/telemetry": ["internal"],
  "event": ["internal/nats"],
  "telemetry": ["internal/telemetry"],
  "store": ["event", "internal/telemetry"],
  "store/memory": ["store"],
  "store/jetstream/errors.ts": ["store"],
  "store/jetstream/stream": ["store/jetstream/errors.ts"],
  "store/jetstream/read": ["store/jetstream/stream"],
  "store/jetstream/save": ["store/jetstream/read"],
  "store/jetstream/subscribe": ["store/jetstream/read"],
  "store/jetstream/snapshot": ["store/jetstream/read"],
  "store/jetstream": [
    "store/jetstream/save",
    "store/jetstream/subscribe",
    "store/jetstream/snapshot",
  ],
  "decider": ["store"],
  "model": ["decider"],
  "testing": ["decider", "store/jetstream/errors.ts"],
  "bus": ["event", "internal/telemetry"],
  "cluster/errors.ts": [],
  "cluster/weight.ts": ["internal"],
  "cluster/map": ["cluster/weight.ts"],
  "cluster/lease": ["internal/nats", "internal/telemetry"],
  "cluster/election": ["cluster/errors.ts", "cluster/lease"],
  "cluster/members": ["cluster/map", "cluster/lease"],
  "cluster/shards": ["cluster/members"],
  "cluster/requests": ["event", "cluster/shards"],
  "cluster/host": ["decider", "cluster/requests"],
  "cluster": ["cluster/host", "cluster/election"],
  "mod.ts": ["decider", "bus", "cluster"],
};

/** A layer's own list of what is public may import whatever lies in it. */
const isList = (file: string) => file.endsWith("mod.ts");

const root = new URL("../../", import.meta.url);

async function* filesIn(folder: string): AsyncIterable<string> {
  for await (
    const { name, isDirectory } of Deno.readDir(new URL(folder, root))
  ) {
    if (isDirectory) yield* filesIn(`${folder}${name}/`);
    else if (name.endsWith(".ts")) yield `${folder}${name}`;
  }
}

/** A file of the library. */
interface Source {
  /** Without its doc comments. */
  readonly code: string;
  /** What it imports, whether statically or not, as it is spelled there. */
  readonly specifiers: readonly string[];
  /** The files of the library among them. */
  readonly targets: readonly string[];
}

async function readSource(file: string): Promise<Source> {
  const text = await Deno.readTextFile(new URL(file, root));
  const code = text.replaceAll(/\/\*\*[\s\S]*?\*\//g, "");
  const specifiers = [...code.matchAll(/\b(?:from|import)[\s(]*"([^\s"]+)"/g)]
    .map(([, specifier]) => specifier!);
  const targets = specifiers.filter((specifier) => specifier.startsWith("."))
    .map((path) => join(dirname(file), path));
  return { code, specifiers, targets };
}

/** Every file of the library. */
async function readSources(): Promise<Map<string, Source>> {
  const sources = new Map([["mod.ts", await readSource("mod.ts")]]);
  const layers = new Set(Object.keys(ROOMS).map((room) => room.split("/")[0]));
  layers.delete("mod.ts");
  for (const layer of layers) {
    for await (const file of filesIn(`${layer}/`)) {
      sources.set(file, await readSource(file));
    }
  }
  return sources;
}

function roomOf(file: string): string {
  const rooms = Object.keys(ROOMS).filter((room) =>
    file === room || file.startsWith(`${room}/`)
  );
  return rooms.sort((a, b) => b.length - a.length)[0] ?? file;
}

/** All rooms that may be imported from one, directly or through another. */
function reachable(room: string, seen = new Set([room])): Set<string> {
  for (const next of ROOMS[room] ?? []) {
    if (seen.has(next)) continue;
    seen.add(next);
    reachable(next, seen);
  }
  return seen;
}

const sources = await readSources();

Deno.test("every import follows the arrows between rooms", () => {
  const against: string[] = [];
  for (const [file, { targets }] of sources) {
    if (isList(file)) continue;
    const allowed = reachable(roomOf(file));
    for (const target of targets) {
      if (!allowed.has(roomOf(target))) against.push(`${file} -> ${target}`);
    }
  }
  assertEquals(against, []);
});

Deno.test("a layer's list names files of its own and of the layers below", () => {
  const against: string[] = [];
  for (const [file, { targets }] of sources) {
    if (!isList(file)) continue;
    const folder = dirname(file);
    const allowed = reachable(roomOf(file));
    for (const target of targets) {
      if (target.startsWith(`${folder}/`) || allowed.has(roomOf(target))) {
        continue;
      }
      against.push(`${file} -> ${target}`);
    }
  }
  assertEquals(against, []);
});

Deno.test("no files import each other in a circle", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file].join(" -> "));
    if (at >= 0 || done.has(file)) return;
    for (const target of sources.get(file)?.targets ?? []) {
      visit(target, [...path, file]);
    }
    done.add(file);
  };
  for (const file of sources.keys()) visit(file, []);
  assertEquals(circles, []);
});

Deno.test("a file whose name begins with _ is imported by its folder only", () => {
  const against: string[] = [];
  for (const [file, { targets }] of sources) {
    for (const target of targets) {
      const isPrivate = target.slice(target.lastIndexOf("/") + 1).startsWith(
        "_",
      );
      if (!isPrivate || dirname(file) === dirname(target)) continue;
      against.push(`${file} -> ${target}`);
    }
  }
  assertEquals(against, []);
});

Deno.test("the library imports nats.js and itself only", () => {
  const against: string[] = [];
  for (const [file, { code, specifiers }] of sources) {
    for (const specifier of specifiers) {
      if (/^(\.|@nats-io\/|@std\/)/.test(specifier)) continue;
      against.push(`${file} -> ${specifier}`);
    }
    if (/\bDeno\.|\bprocess\./.test(code)) against.push(`${file} -> a runtime`);
  }
  assertEquals(against, []);
});

Deno.test("the library is written in the language that Node 22 knows", () => {
  const against = [...sources].filter(([, { code }]) =>
    /^\s*(?:await )?using \w+ = /m.test(code)
  );
  assertEquals(against.map(([file]) => file), []);
});

Deno.test("what await using closes has a method that does so too", () => {
  const closing = /^ {2}(?:async )?(?:close|leave)\(/m;
  const without = [...sources].filter(([file, { code }]) =>
    !file.startsWith("internal/") &&
    code.includes("[Symbol.asyncDispose](): Promise<void> {") &&
    !closing.test(code)
  );
  assertEquals(without.map(([file]) => file), []);
});

Deno.test("the store in memory needs no nats.js", () => {
  const files = new Set<string>();
  const visit = (file: string) => {
    if (files.has(file)) return;
    files.add(file);
    for (const target of sources.get(file)!.targets) visit(target);
  };
  visit("store/memory/mod.ts");
  const packages = [...files].flatMap((file) =>
    sources.get(file)!.specifiers.filter((specifier) =>
      !specifier.startsWith(".")
    )
  );
  assertEquals(packages, []);
});

Deno.test("every folder of the library is a room", async () => {
  const { publish } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", root)),
  ) as { publish: { include: string[] } };
  const folders = publish.include.filter((path) => /^[^.]+\/$/.test(path))
    .map((path) => path.slice(0, -1));
  assertEquals(folders.filter((it) => it !== "docs" && !(it in ROOMS)), []);
});

Deno.test("CONTRIBUTING.md shows the rooms and arrows", async () => {
  const text = await Deno.readTextFile(new URL("CONTRIBUTING.md", root));
  const [, shown] = /```mermaid\n([\s\S]*?)```/.exec(text) ?? [];
  const arrows = Object.entries(ROOMS).filter(([, rooms]) => rooms.length > 0)
    .map(([room, rooms]) => `  ${room} --> ${rooms.join(" & ")}\n`);
  assertEquals(shown, `flowchart TD\n${arrows.join("")}`);
});
