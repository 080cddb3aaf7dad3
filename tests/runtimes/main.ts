/**
 * Runs the contract suites on other runtimes, against the package for npm,
 * installed in a fresh project:
 *
 *     deno task test:npm
 *     deno task test:browser
 *     deno task test:workerd
 *     deno run -P=tests tests/runtimes/main.ts [--optional] RUNTIME...
 *
 * It ends with 1 if a test failed or a runtime is not to be had. With
 * `--optional` the latter is told and fails nothing.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { npmPackage, NpmProject } from "../support/npm_project.ts";
import { runInBrowser } from "./_browser.ts";
import { endBundler } from "./_bundle.ts";
import { runOnProgram } from "./_node.ts";
import { Summary, UnavailableError } from "./_report.ts";
import { runInWorkerd } from "./_workerd.ts";

/** Runs the suites on one runtime, and tells how each run went. */
type Run = (project: NpmProject, summary: Summary) => Promise<void>;

const RUNTIMES: Readonly<Record<string, Run>> = {
  node22: runOnProgram("node22"),
  node24: runOnProgram("node24"),
  bun: runOnProgram("bun"),
  chromium: runInBrowser,
  workerd: runInWorkerd,
};

const { values: { optional }, positionals: names } = parseArgs({
  args: Deno.args,
  options: { optional: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = names.find((name) => !Object.hasOwn(RUNTIMES, name));
if (unknown !== undefined || names.length === 0) {
  const known = Object.keys(RUNTIMES).join(", ");
  throw new TypeError(
    `Cannot run the suites: name one or more of ${known}, got ${unknown}`,
  );
}

const summary = new Summary();
const client = await npmPackage("@nats-io/nats-core");
await using project = await NpmProject.create([
  client,
  client.replace("nats-core", "transport-node"),
  await npmPackage("fast-check"),
]);
try {
  for (const name of names) {
    try {
      await RUNTIMES[name]!(project, summary);
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      summary.skip(name, error);
    }
  }
} finally {
  await endBundler();
}
Deno.exitCode = summary.end({ optional });
