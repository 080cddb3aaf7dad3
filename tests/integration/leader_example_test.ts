import { assert, assertMatch } from "@std/assert";
import { runTool } from "../support/_tool.ts";
import { NatsServer } from "../support/nats_server.ts";

Deno.test("the example of a leader goes on when that is killed", async () => {
  await using server = await NatsServer.start();
  const root = new URL("../../", import.meta.url).pathname;
  const stdout = await runTool(Deno.execPath(), [
    ...["run", "-q", "-P=examples", "--config", `${root}deno.json`],
    ...[`${root}examples/leader.ts`, "--once"],
  ], { inherit: true, vars: { NATS_URL: server.url, NO_COLOR: "1" } });
  const [first, killed, second] = stdout.trim().split("\n");
  const line = /^(\w+) \(process \d+\) leads in term (\d+)$/;
  assertMatch(first!, line);
  assert(killed === "killed the leader");
  assertMatch(second!, line);
  const [, a, earlier] = line.exec(first!)!;
  const [, b, later] = line.exec(second!)!;
  assert(a !== b && Number(earlier) < Number(later));
});
