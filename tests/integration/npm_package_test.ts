/** What the package for npm is to those who install it. */

import {
  checkPackage,
  createPackageFromTarballData,
} from "@arethetypeswrong/core";
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import * as esbuild from "esbuild";
import { publint } from "publint";
import { runDeno } from "../support/doc_program.ts";
import { npmPackage, NpmProject } from "../support/npm_project.ts";

interface PackageJson {
  name: string;
  exports: Record<string, unknown>;
  dependencies?: Record<string, string>;
  peerDependencies: Record<string, string>;
}

let project: NpmProject;
let json: PackageJson;

Deno.test.beforeAll(async () => {
  const client = await npmPackage("@nats-io/nats-core");
  project = await NpmProject.create([
    client,
    client.replace("nats-core", "transport-node"),
    "@types/node@22",
  ]);
  json = JSON.parse(
    await Deno.readTextFile(`${project.installed}/package.json`),
  );
});

Deno.test.afterAll(() => project[Symbol.asyncDispose]());

Deno.test("the package for npm has the entrypoints of JSR, and the client as its only peer", async () => {
  const config = JSON.parse(
    await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
  ) as { exports: Record<string, string>; imports: Record<string, string> };
  assertEquals(Object.keys(json.exports), Object.keys(config.exports));
  const [, range] = config.imports["@nats-io/nats-core"]!.split("@^");
  assertEquals([json.dependencies, json.peerDependencies], [undefined, {
    "@nats-io/nats-core": `^${range}`,
  }]);
});

Deno.test("publint finds nothing to say", async () => {
  const { messages } = await publint({ pkgDir: project.packed, strict: true });
  assertEquals(messages, []);
});

Deno.test("every entrypoint has the right types for ESM", async () => {
  const archive = createPackageFromTarballData(
    await Deno.readFile(project.archive),
  );
  const analysis = await checkPackage(archive);
  assert(analysis.types);
  // Nobody who has Node 22 resolves as Node 10 did, and there require() takes
  // ES modules.
  const found = analysis.problems.filter((problem) =>
    !("resolutionKind" in problem) ||
    !["node10", "node16-cjs"].includes(problem.resolutionKind)
  );
  assertEquals(found, []);
});

for (const resolution of ["bundler", "node16"]) {
  Deno.test(`types are right for TypeScript that resolves as ${resolution}`, async () => {
    const lines = Object.keys(json.exports).map((path, i) =>
      `export * as entry${i} from "${json.name}${path.slice(1)}";\n`
    );
    await Deno.writeTextFile(`${project.folder}/types.ts`, lines.join(""));
    await checkTypes(["types.ts"], resolution, "");
  });
}

Deno.test("the examples for Node and browsers have no type errors", async () => {
  for (const name of ["node", "browser"]) {
    const source = new URL(`../../examples/${name}/main.ts`, import.meta.url);
    await Deno.copyFile(source, `${project.folder}/${name}.ts`);
  }
  await checkTypes(["node.ts", "browser.ts"], "bundler", "node");
});

async function checkTypes(
  files: readonly string[],
  moduleResolution: string,
  types: string,
): Promise<void> {
  const options = {
    strict: true,
    skipLibCheck: false,
    moduleResolution,
    module: moduleResolution === "bundler" ? "esnext" : moduleResolution,
    target: "es2023",
    lib: "ES2023,ESNext.Disposable,DOM",
    noEmit: true,
    types,
  };
  const flags = Object.entries(options)
    .flatMap(([name, value]) => [`--${name}`, String(value)]);
  const tsc = ["run", "--quiet", "-A", "npm:typescript@7.0.2/tsc"];
  const args = [...tsc, ...flags, ...files];
  const { stdout, code } = await runDeno(args, {}, project.folder);
  assertEquals({ stdout, code }, { stdout: "", code: 0 });
}

/** What a page downloads, in KiB at most: bundled, minified and with gzip. */
const SIZES: readonly [title: string, program: string, limit: number][] = [
  [
    "the store in memory",
    `export { InMemoryEventStore } from "@flowmade-one/aether/memory";`,
    17.5,
  ],
  [
    "the bus in process",
    `export { EventBus } from "@flowmade-one/aether/bus";`,
    11,
  ],
  [
    "the store on JetStream, with the client over WebSocket",
    `export { JetStreamEventStore } from "@flowmade-one/aether/store";
     export { wsconnect } from "@nats-io/nats-core";`,
    96,
  ],
];

Deno.test("a page downloads no more than it uses", async () => {
  try {
    for (const [title, contents, limit] of SIZES) {
      const { outputFiles } = await esbuild.build({
        stdin: { contents, resolveDir: project.folder },
        bundle: true,
        minify: true,
        format: "esm",
        write: false,
      });
      const zipped = new Blob([outputFiles[0]!.text]).stream()
        .pipeThrough(new CompressionStream("gzip"));
      const { byteLength } = await new Response(zipped).arrayBuffer();
      assertLessOrEqual(byteLength / 1024, limit, title);
    }
  } finally {
    await esbuild.stop();
  }
});
