/**
 * Runs the suites in workerd, the runtime of Cloudflare's Workers, in a Durable
 * Object.
 *
 * @module
 */

import { createRequire } from "node:module";
import { NatsServer } from "../support/nats_server.ts";
import type { NpmProject } from "../support/npm_project.ts";
import { bundle } from "./_bundle.ts";
import type { Report } from "./_collected_tests.ts";
import { installPackages } from "./_programs.ts";
import type { Summary } from "./_report.ts";

/** What the runtime behaves as on this day. */
const COMPATIBILITY_DATE = "2026-05-03";

/** What is used of the package that runs workerd. */
interface Miniflare {
  dispatchFetch(url: string): Promise<Response>;
  dispose(): Promise<void>;
}

/**
 * Runs the suites, first those without a server.
 *
 * @throws {UnavailableError} If the runtime is not to be had.
 */
export async function runInWorkerd(
  project: NpmProject,
  summary: Summary,
): Promise<void> {
  const folder = `${project.folder}/workerd`;
  await installPackages(folder, { miniflare: "4.20260730.0" });
  const { Miniflare } = createRequire(`${folder}/`)("miniflare") as {
    Miniflare: new (options: unknown) => Miniflare;
  };
  await using server = await NatsServer.start({ websocket: true });
  const script = await bundle(project, "_workerd_entry.ts", "web");
  const runtime = new Miniflare({
    modules: true,
    script: await Deno.readTextFile(script),
    durableObjects: { SUITES: "Suites" },
    compatibilityDate: COMPATIBILITY_DATE,
  });
  try {
    for (const [suites, url] of [["local"], ["websocket", server.wsUrl]]) {
      const begun = performance.now();
      const query = url === undefined ? "" : `?server=${url}`;
      const response = await runtime.dispatchFetch(`http://suites/${query}`);
      const report: Report = await response.json();
      const took = performance.now() - begun;
      summary.add(`workerd, Durable Object, ${suites}`, report, took);
    }
  } finally {
    await runtime.dispose();
  }
}
