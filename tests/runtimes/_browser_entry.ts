/**
 * Runs the suites in a page, or in the Worker that it starts, and posts each
 * report to where the page comes from.
 *
 * @module
 */

import "./_disposable_stack.ts";

import type { Report } from "./_collected_tests.ts";
import { runSuites } from "./_web_runs.ts";

const { searchParams } = new URL(location.href);
const place = searchParams.get("place")!;
const serverUrl = searchParams.get("server")!;
const workerServer = searchParams.get("worker");
if (workerServer !== null) {
  const script = new URL("/script.js", location.href);
  script.searchParams.set("place", "worker");
  script.searchParams.set("server", workerServer);
  new Worker(script, { type: "module" });
}
const late: unknown[] = [];
globalThis.addEventListener("unhandledrejection", ({ reason }) => {
  late.push(reason);
});
await run("local", undefined);
await run("websocket", serverUrl);

async function run(
  suites: string,
  serverUrl: string | undefined,
): Promise<void> {
  const begun = performance.now();
  const report: Report = await runSuites(serverUrl);
  const failures = late.splice(0).map((reason) => ({
    name: "a promise that nobody waits for",
    reason: String(reason),
  }));
  await fetch("/report", {
    method: "POST",
    body: JSON.stringify({
      title: `${place}, ${suites}`,
      ms: performance.now() - begun,
      report: { ...report, failures: [...report.failures, ...failures] },
    }),
  });
}
