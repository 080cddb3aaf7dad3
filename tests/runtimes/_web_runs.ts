/**
 * Runs the suites where there are web standards and nothing else: a page, a
 * worker, a Durable Object.
 *
 * @module
 */

import { wsconnect } from "@nats-io/nats-core";
import { CONNECTION_DEFAULTS } from "../support/connection_defaults.ts";
import { CollectedTests, type Report } from "./_collected_tests.ts";
import { registerLocalSuites, registerServerSuites } from "./suites.ts";

/** Runs the suites without a server, or those over WebSocket. */
export function runSuites(serverUrl: string | undefined): Promise<Report> {
  const tests = new CollectedTests();
  if (serverUrl === undefined) registerLocalSuites(tests.register);
  else {
    registerServerSuites(tests.register, {
      name: "over WebSocket",
      connect: () => wsconnect({ ...CONNECTION_DEFAULTS, servers: serverUrl }),
      smoke: true,
    });
  }
  return tests.run();
}
