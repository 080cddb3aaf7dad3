/**
 * Runs suites on Node or Bun and writes a report to stdout.
 *
 *     node _node_entry.js local | tcp URL | websocket URL [--smoke]
 *
 * @module
 */

import "./_disposable_stack.ts";

import { argv, exit } from "node:process";
import { writeSync } from "node:fs";
import { connect, connectWs } from "../support/nats_connect.ts";
import { CollectedTests } from "./_collected_tests.ts";
import { registerLocalSuites, registerServerSuites } from "./suites.ts";

const [, , suites, url = "", mode] = argv;
const tests = new CollectedTests();
const smoke = mode === "--smoke";
switch (suites) {
  case "local":
    registerLocalSuites(tests.register);
    break;
  case "tcp":
    registerServerSuites(tests.register, {
      name: "over TCP",
      connect: () => connect(url),
      smoke,
    });
    break;
  case "websocket":
    registerServerSuites(tests.register, {
      name: "over WebSocket",
      connect: () => connectWs(url),
      smoke,
    });
    break;
  default:
    throw new TypeError(`No suites are called ${suites}`);
}
writeSync(1, JSON.stringify(await tests.run()));
exit(0);
