import { assertEquals } from "@std/assert";
import { dirname, join } from "node:path/posix";

/**
 * The rooms, and the rooms whose files each may import besides its own. The
 * longest name that a file's path begins with is its room.
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  "internal": [],
  "internal/nats": ["internal"],
  "internal/telemetry": ["internal"],
  "event": ["internal", "internal/nats"],
  "store": ["event", "internal", "internal/nats", "internal/telemetry"],
  "store/memory": ["store"],
  "store/jetstream/errors.ts": ["store"],
  "store/jetstream/stream": ["store", "store/jetstream/errors.ts"],
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
  "model": ["event", "internal", "decider"],
  "testing": ["decider", "store/jetstream/errors.ts"],
  "bus": ["event", "internal", "internal/nats", "internal/telemetry"],
  "cluster/errors.ts": [],
  "cluster/weight.ts": ["internal"],
  "cluster/map": ["internal", "cluster/weight.ts"],
  "cluster/lease": ["internal", "internal/nats", "internal/telemetry"],
  "cluster/election": ["cluster/errors.ts", "cluster/lease"],
  "cluster": ["event", "cluster/map", "cluster/election"],
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

/** Every file of the library with the files of it that it imports. */
async function readImports(): Promise<Map<string, string[]>> {
  const imports = new Map<string, string[]>();
  const layers = new Set(Object.keys(ROOMS).map((room) => room.split("/")[0]));
  for (const layer of layers) {
    for await (const file of filesIn(`${layer}/`)) {
      const text = await Deno.readTextFile(new URL(file, root));
      const targets = [
        ...text.matchAll(/^(?:import|export|\}) .*?"(\.[^"]+)";/gm),
      ]
        .map(([, path]) => join(dirname(file), path!));
      imports.set(file, targets);
    }
  }
  return imports;
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

const imports = await readImports();

Deno.test("every import follows the arrows between rooms", () => {
  const against: string[] = [];
  for (const [file, targets] of imports) {
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
  for (const [file, targets] of imports) {
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
    for (const target of imports.get(file) ?? []) {
      visit(target, [...path, file]);
    }
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  assertEquals(circles, []);
});

Deno.test("a file whose name begins with _ is imported by its folder only", () => {
  const against: string[] = [];
  for (const [file, targets] of imports) {
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

Deno.test("the library imports nats.js and itself only", async () => {
  const against: string[] = [];
  for (const file of imports.keys()) {
    const text = await Deno.readTextFile(new URL(file, root));
    const code = text.replaceAll(/\/\*\*[\s\S]*?\*\//g, "");
    for (const [, name] of code.matchAll(/from "([^.][^"]*)";/g)) {
      if (!/^@(nats-io|std)\//.test(name!)) against.push(`${file} -> ${name}`);
    }
    if (/\bDeno\.|\bprocess\./.test(code)) against.push(`${file} -> a runtime`);
  }
  assertEquals(against, []);
});
