/**
 * Runs the contract suites on Node and Bun, against the package for npm,
 * installed in a fresh project:
 *
 *     deno task test:npm [--optional] [node22 | node24 | bun]...
 *
 * A runtime that is not on PATH is got from npm. With `--optional` one that is
 * not to be had fails nothing.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { NatsServer } from "../support/nats_server.ts";
import { npmPackage, NpmProject } from "../support/npm_project.ts";
import { bundle, endBundler } from "./_bundle.ts";
import type { Report } from "./_collected_tests.ts";
import { findProgram, type FoundProgram, PROGRAMS } from "./_programs.ts";
import { Summary } from "./_report.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  options: { optional: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) =>
  !PROGRAMS.some((program) => program.name === name)
);
if (unknown.length > 0) {
  const known = PROGRAMS.map(({ name }) => name).join(", ");
  throw new TypeError(`No runtime is called ${unknown}: there are ${known}`);
}

const summary = new Summary();
await using tcp = await NatsServer.start();
await using websocket = await NatsServer.start({ websocket: true });
const client = await npmPackage("@nats-io/nats-core");
await using project = await NpmProject.create([
  client,
  client.replace("nats-core", "transport-node"),
  await npmPackage("fast-check"),
]);
const entry = await bundle(project, "_node_entry.ts", "node");
await endBundler();

for (const program of PROGRAMS) {
  const { name } = program;
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  let found: FoundProgram;
  try {
    found = await findProgram(program, project.folder);
  } catch (error) {
    summary.skip(name, error);
    continue;
  }
  // They wait more than they work.
  await Promise.all([
    run(found, "local"),
    run(found, "tcp", tcp.url),
    run(found, "websocket", websocket.wsUrl, "--smoke"),
  ]);
}
Deno.exitCode = summary.end(values);

async function run(
  { title, path }: FoundProgram,
  ...args: string[]
): Promise<void> {
  const begun = performance.now();
  const { stdout, stderr, code } = await new Deno.Command(path, {
    args: [entry, ...args],
    cwd: project.folder,
  }).output();
  const decoder = new TextDecoder();
  const report: Report = code === 0 ? JSON.parse(decoder.decode(stdout)) : {
    passed: 0,
    failures: [{
      name: "all tests",
      reason: `ended with ${code}: ${decoder.decode(stderr)}`,
    }],
  };
  const took = performance.now() - begun;
  summary.add(`${title}, ${args[0]}`, report, took);
}
