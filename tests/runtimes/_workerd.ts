/**
 * Runs the suites in workerd, the runtime of Cloudflare's Workers, in a Durable
 * Object, and the example for Workers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createRequire } from "node:module";
import type { Event } from "../../event/event.ts";
import { NatsServer } from "../support/nats_server.ts";
import type { NpmProject } from "../support/npm_project.ts";
import { bundle } from "./_bundle.ts";
import { CollectedTests, type Report } from "./_collected_tests.ts";
import { installPackages } from "./programs.ts";
import type { Summary } from "./_report.ts";

/** What the runtime behaves as on this day. */
const COMPATIBILITY_DATE = "2026-05-03";

/** What is used of the package that runs workerd. */
interface Miniflare {
  dispatchFetch(url: string, init?: RequestInit): Promise<Response>;
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
  const start = async (entry: string, durableObjects: unknown) =>
    new Miniflare({
      modules: true,
      script: await Deno.readTextFile(await bundle(project, entry, "web")),
      durableObjects,
      bindings: { NATS_URL: server.wsUrl },
      compatibilityDate: COMPATIBILITY_DATE,
    });
  const suites = await start("tests/runtimes/_workerd_entry.ts", {
    SUITES: "Suites",
  });
  try {
    for (const [name, query] of [["local", ""], ["websocket", "?server"]]) {
      const begun = performance.now();
      const response = await suites.dispatchFetch(`http://suites/${query}`);
      const took = performance.now() - begun;
      summary.add(`workerd, ${name}`, await response.json() as Report, took);
    }
  } finally {
    await suites.dispose();
  }
  const orders = await start("examples/cloudflare/worker.ts", {
    ORDERS: "Orders",
  });
  try {
    const tests = new CollectedTests();
    tests.register(
      "the example stores orders and reads them",
      () =>
        tryOrders((path, init) =>
          orders.dispatchFetch(`http://orders${path}`, init)
        ),
    );
    summary.add("workerd, examples/cloudflare", await tests.run(), 0);
  } finally {
    await orders.dispose();
  }
}

/** Places and ships an order in the example. */
async function tryOrders(
  ask: (path: string, init?: RequestInit) => Promise<Response>,
): Promise<void> {
  const events = [
    { eventType: "OrderPlaced", data: { total: 99.99 } },
    { eventType: "OrderShipped", data: { trackingNumber: "FS123456" } },
  ];
  for (const [i, event] of events.entries()) {
    const body = JSON.stringify(event);
    const response = await ask("/orders/order-1", { method: "POST", body });
    assertEquals(await response.json(), { version: i + 1 });
  }
  const stored = await (await ask("/orders/order-1")).json() as Event[];
  assertEquals(
    stored.map(({ eventType, data }) => ({ eventType, data })),
    events,
  );
  assertEquals((await ask("/")).status, 404);
}
