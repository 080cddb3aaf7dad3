/** What is published, and what it is to a project that installs it. */

import { assert, assertEquals } from "@std/assert";
import { readPage } from "../support/doc_pages.ts";
import { runDeno, runProgram } from "../support/doc_program.ts";
import { NatsServer } from "../support/nats_server.ts";
import { writePackage } from "../support/package_copy.ts";

interface Config {
  name: string;
  version: string;
  exports: Record<string, string>;
  imports: Record<string, string>;
}

let folder: string;
/** The package, as it is published. */
let shipped: string;
/** A project that has installed it. */
let project: string;
let config: Config;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "aether-package-" });
  [shipped, project] = [`${folder}/shipped`, `${folder}/project`];
  await Deno.mkdir(shipped);
  await Deno.mkdir(project);
  await writePackage(shipped, { npm: true });
  config = JSON.parse(await Deno.readTextFile(`${shipped}/deno.json`));
  const { name, version, imports } = config;
  const npmOf = (name: string) =>
    imports["@nats-io/nats-core"]!.replace("nats-core", name);
  const installed = {
    imports: {
      [name]: `jsr:${name}@${version}`,
      "@nats-io/nats-core": npmOf("nats-core"),
      // It stands in for transport-deno, which is not on npm.
      "@nats-io/transport-deno": npmOf("transport-node"),
    },
    links: [shipped],
  };
  await Deno.writeTextFile(`${project}/deno.json`, JSON.stringify(installed));
});

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

Deno.test("what is published has no file of tests, and none that it lacks", async () => {
  const { stderr, code } = await runDeno(["publish", "--dry-run"], {}, shipped);
  assertEquals(code, 0, stderr);
  const files = [...stderr.matchAll(/^ +file:\/\/(\S+) \(/gm)].map(([, path]) =>
    path!.slice(shipped.length + 1)
  );
  const [folders, single] = [new Set<string>(), new Set<string>()];
  for (const file of files) {
    const [first, ...rest] = file.split("/");
    if (rest.length > 0) folders.add(first!);
    else single.add(first!);
  }
  const entries = Object.values(config.exports).map((path) => path.slice(2));
  for (const entry of entries) assert(files.includes(entry), entry);
  const layers = entries.map((path) => path.split("/")[0]!)
    .filter((first) => first !== "mod.ts");
  const expected = [...layers, "event", "internal", "docs", "bench"];
  assertEquals([...folders].sort(), [...new Set(expected)].sort());
  assertEquals(
    files.filter((file) => file.startsWith("bench/")),
    ["bench/saves_in_flight.svg"],
  );
  assertEquals([...single].sort(), [
    "BENCHMARKS.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "deno.json",
    "mod.ts",
  ]);
});

Deno.test("a project imports every entrypoint, with types and without permissions", async () => {
  const lines = Object.keys(config.exports).map((path, i) =>
    `import * as entry${i} from "${config.name}${path.slice(1)}";\n` +
    `console.log(typeof entry${i});\n`
  );
  await Deno.writeTextFile(`${project}/main.ts`, lines.join(""));
  const args = ["run", "--quiet", "--no-prompt", "--check", "main.ts"];
  assertEquals(await runDeno(args, {}, project), {
    stdout: "object\n".repeat(lines.length),
    stderr: "",
    code: 0,
  });
});

Deno.test("the README's programs run in a project, with the permission it names", async () => {
  await using server = await NatsServer.start({ websocket: true });
  const { blocks } = await readPage("README.md");
  const programs = blocks.filter(({ language }) => language === "ts");
  assert(programs.length > 0);
  for (const program of programs) {
    const output = blocks.find(({ follows }) => follows === program);
    assertEquals(
      await runProgram(program.text, server, project),
      { stdout: output!.text, stderr: "", code: 0 },
      `line ${program.line}`,
    );
  }
});
