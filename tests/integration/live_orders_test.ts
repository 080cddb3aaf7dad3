import { assert, assertEquals } from "@std/assert";
import { runTool } from "../support/_tool.ts";
import { NatsServer } from "../support/nats_server.ts";

Deno.test("live orders are all seen by who keeps up, and counted by who does not", async () => {
  await using server = await NatsServer.start();
  const root = new URL("../../", import.meta.url).pathname;
  const stdout = await runTool(Deno.execPath(), [
    ...["run", "-q", "-P=examples", "--config", `${root}deno.json`],
    `${root}examples/live_orders.ts`,
  ], { inherit: true, vars: { NATS_URL: server.url, NO_COLOR: "1" } });
  const lines = stdout.trim().split("\n");
  const live = lines.filter((line) => line.startsWith("[live]"));
  assertEquals(live.length, 41);
  assertEquals(live[0], "[live] orders.us: an order over $10");
  assertEquals(live.at(-1), "[live] saw 40 orders, missed 0");
  const slow = /^\[slow\] saw (\d+) orders, missed (\d+)$/m.exec(stdout);
  const [saw, missed] = [Number(slow?.[1]), Number(slow?.[2])];
  assertEquals(saw + missed, 40);
  assert(missed > 0);
});
