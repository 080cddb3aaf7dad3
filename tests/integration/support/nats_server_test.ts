import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { assertEquals } from "@std/assert";
import { connect, connectWs } from "../../support/nats_connect.ts";
import { NatsServer } from "../../support/nats_server.ts";

Deno.test("NatsServer.restart() keeps ports and JetStream data when killed", async () => {
  await using server = await NatsServer.start({ websocket: true });
  const { port, wsUrl } = server;
  {
    await using nc = await connect(server);
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({ name: "events", subjects: ["ev.>"] });
    await jetstream(nc).publish("ev.1", "one");
  }

  await server.kill();
  assertEquals(server.pid, undefined);
  await server.restart();

  assertEquals([server.port, server.wsUrl], [port, wsUrl]);
  await using ws = await connectWs(server);
  const info = await (await jetstreamManager(ws)).streams.info("events");
  assertEquals(info.state.messages, 1);
});
