import { assertEquals } from "@std/assert";
import { runDeno } from "../support/doc_program.ts";
import { NatsServer } from "../support/nats_server.ts";

Deno.test("the bank loses no cent, in memory and on JetStream", async () => {
  await using server = await NatsServer.start();
  for (const more of [[], ["--nats"]]) {
    const args = ["task", "--quiet", "bank", ...more];
    assertEquals(await runDeno(args, { NATS_URL: server.url }), {
      stdout: "Rejected: The account is not empty (not-empty)\n" +
        "66 events, 300.00 in all accounts\n",
      stderr: "",
      code: 0,
    });
  }
});
