/**
 * Runs the suites on Node or Bun.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { copyExample, runExample } from "../../examples/fresh_project.ts";
import { NatsServer } from "../support/nats_server.ts";
import type { NpmProject } from "../support/npm_project.ts";
import { bundle } from "./_bundle.ts";
import { CollectedTests, type Report } from "./_collected_tests.ts";
import { findProgram, type ProgramName } from "./programs.ts";
import type { Summary } from "./_report.ts";

const EXAMPLE_OUTPUT = `1 OrderPlaced 99.99
2 OrderShipped FS123456
`;

/** Runs the suites over TCP and WebSocket and those without a server at the same time: they wait more than they work. */
export function runOnProgram(
  name: ProgramName,
): (project: NpmProject, summary: Summary) => Promise<void> {
  return async (project, summary) => {
    const program = await findProgram(name, project.folder);
    const script = await bundle(
      project,
      "tests/runtimes/_node_entry.ts",
      "node",
    );
    await using tcp = await NatsServer.start();
    await using websocket = await NatsServer.start({ websocket: true });
    const run = async (...args: string[]) => {
      const begun = performance.now();
      const report = await reportOf(program.path, [script, ...args]);
      const took = performance.now() - begun;
      summary.add(`${program.title}, ${args[0]}`, report, took);
    };
    await Promise.all([
      run("local"),
      run("tcp", tcp.url),
      run("websocket", websocket.wsUrl, "--smoke"),
    ]);
    await copyExample("node", project);
    const tests = new CollectedTests();
    tests.register("an order is placed and shipped", async () => {
      const ended = await runExample(program.path, project, tcp.url);
      const decoder = new TextDecoder();
      assertEquals(decoder.decode(ended.stderr), "");
      assertEquals(decoder.decode(ended.stdout), EXAMPLE_OUTPUT);
    });
    summary.add(`${program.title}, examples/node`, await tests.run(), 0);
  };
}

async function reportOf(path: string, args: string[]): Promise<Report> {
  const { stdout, stderr, code } = await new Deno.Command(path, { args })
    .output();
  const decoder = new TextDecoder();
  if (code === 0) return JSON.parse(decoder.decode(stdout));
  const reason = `ended with ${code}: ${decoder.decode(stderr)}`;
  return { passed: 0, failures: [{ name: "all tests", reason }] };
}
