/**
 * Runs the suites in headless Chromium, in a page and in a Worker.
 *
 * @module
 */

import { NatsServer } from "../support/nats_server.ts";
import type { NpmProject } from "../support/npm_project.ts";
import { bundle } from "./_bundle.ts";
import { Chromium } from "./_chromium.ts";
import { tryBrowserExample } from "./_browser_example.ts";
import { CollectedTests, type Report } from "./_collected_tests.ts";
import { type Summary, UnavailableError } from "./_report.ts";

/** How long Chromium may take to ask for the page's script, in milliseconds. */
const START_TIMEOUT_MS = 60_000;

/** How long all tests may take, in milliseconds. */
const TIMEOUT_MS = 10 * 60_000;

/** The reports of a page and a Worker, each without a server and with one. */
const REPORTS = 4;

/**
 * Runs the suites, those of the page and those of the Worker at the same time.
 *
 * @throws {UnavailableError} If there is no Chromium.
 */
export async function runInBrowser(
  project: NpmProject,
  summary: Summary,
): Promise<void> {
  const command = await Chromium.find();
  if (command === undefined) {
    throw new UnavailableError("it is not on PATH, nor in its usual places");
  }
  await using forPage = await NatsServer.start({ websocket: true });
  await using forWorker = await NatsServer.start({ websocket: true });
  const script = await bundle(
    project,
    "tests/runtimes/_browser_entry.ts",
    "web",
  );
  const started = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  let reports = 0;
  await using server = serve(script, started.resolve, (posted) => {
    summary.add(`Chromium, ${posted.title}`, posted.report, posted.ms);
    if (++reports === REPORTS) done.resolve();
  });
  const page = new URL(`http://127.0.0.1:${server.addr.port}/`);
  page.searchParams.set("place", "page");
  page.searchParams.set("server", forPage.wsUrl);
  page.searchParams.set("worker", forWorker.wsUrl);
  await using chromium = await Chromium.open(command, page.href);
  const ended = chromium.ended.then((code) => `${command} ended with ${code}`);
  const late = await before(started.promise, ended, START_TIMEOUT_MS);
  if (late !== undefined) throw new UnavailableError(late);
  const reason = await before(done.promise, ended, TIMEOUT_MS);
  if (reason !== undefined) {
    const failure = { name: `report ${reports + 1}`, reason };
    summary.add("Chromium", { passed: 0, failures: [failure] }, 0);
  }
  const tests = new CollectedTests();
  tests.register(
    "a page draws what another one adds",
    () => tryBrowserExample(command, project),
  );
  summary.add("Chromium, examples/browser", await tests.run(), 0);
}

/** Undefined if `awaited` comes before the end and in time, else why it did not. */
async function before(
  awaited: Promise<void>,
  ended: Promise<string>,
  ms: number,
): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`not done after ${ms} ms`), ms);
  });
  try {
    return await Promise.race([awaited.then(() => undefined), ended, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a page or Worker posts. */
interface Posted {
  title: string;
  ms: number;
  report: Report;
}

/** Serves the page and its script, and takes the reports. */
function serve(
  script: string,
  onStart: () => void,
  onReport: (posted: Posted) => void,
): Deno.HttpServer<Deno.NetAddr> {
  const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  return Deno.serve(options, async (request) => {
    switch (new URL(request.url).pathname) {
      case "/":
        return new Response(
          '<!doctype html><script type="module" src="/script.js"></script>',
          { headers: { "content-type": "text/html" } },
        );
      case "/script.js":
        onStart();
        return new Response(await Deno.readTextFile(script), {
          headers: { "content-type": "text/javascript" },
        });
      case "/report":
        onReport(await request.json());
        return new Response();
      default:
        return new Response(null, { status: 404 });
    }
  });
}
