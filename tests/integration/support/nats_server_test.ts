import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { pickPorts } from "../../support/_server_config.ts";
import { waitFor, WaitTimeoutError } from "../../support/conditions.ts";
import { connect, connectWs } from "../../support/nats_connect.ts";
import { NatsServer, NatsServerStartError } from "../../support/nats_server.ts";
import { withServer } from "../../support/with_server.ts";

Deno.test("NatsServer.start() resolves to a server that answers at once", async () => {
  await using server = await NatsServer.start({ name: "lonely" });
  await using nc = await connect(server);
  assertEquals(nc.info?.server_name, "lonely");
  assertEquals(nc.info?.version, server.version);
  assertEquals(nc.info?.jetstream, true);
  assertEquals(server.url, `nats://127.0.0.1:${server.port}`);
  assert(server.pid !== undefined && server.running);
  assertThrows(() => server.wsUrl, TypeError, "websocket: true");
});

Deno.test("NatsServer.start() starts many at once on ports of their own", async () => {
  const servers = await Promise.all(
    Array.from({ length: 5 }, () => NatsServer.start({ websocket: true })),
  );
  const ports = servers.flatMap(({ ports }) => Object.values(ports));
  assertEquals(new Set(ports).size, 15);
  await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
});

Deno.test("NatsServer.start() leaves JetStream out when told to", async () => {
  await using server = await NatsServer.start({ jetstream: false });
  await using nc = await connect(server);
  assertEquals(nc.info?.jetstream ?? false, false);
});

Deno.test("NatsServer.start() takes configuration, users and a sync mode", async () => {
  await using server = await NatsServer.start({
    config: `max_payload: 2048
      authorization { users: [{ user: "ann", password: "secret" }] }`,
    jetstreamConfig: "max_file_store: 10MB",
    syncAlways: true,
  });
  await assertRejects(() => connect(server));
  await using nc = await connect(server, { user: "ann", pass: "secret" });
  assertEquals(nc.info?.max_payload, 2048);
  const account = await (await jetstreamManager(nc)).getAccountInfo();
  assertEquals(account.streams, 0);
});

Deno.test("NatsServer.start() rejects with the log when the configuration is bad", async () => {
  const error = await assertRejects(
    () => NatsServer.start({ config: "no_such_setting: 1" }),
    NatsServerStartError,
    "no_such_setting",
  );
  assert(!error.portTaken);
});

Deno.test("NatsServer.ready() tells that a port is taken, whichever it is", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [one, two, three] = pickPorts(3) as [number, number, number];
  const ports = { client: one, monitor: two, websocket: three };
  for (const name of Object.keys(ports)) {
    await using server = await NatsServer.spawn({
      ports: { ...ports, [name]: taken.addr.port },
    });
    const error = await assertRejects(
      () => server.ready(),
      NatsServerStartError,
      "it ended",
    );
    assert(error.portTaken);
  }
});

Deno.test("NatsServer.start() runs an older version", async () => {
  await using server = await NatsServer.start({ version: "2.11.x" });
  assertMatch(server.version, /^2\.11\.\d+$/);
  await using nc = await connect(server);
  assertEquals(nc.info?.version, server.version);
});

Deno.test("NatsServer.restart() keeps ports and JetStream data, however it was ended", async () => {
  await using server = await NatsServer.start({ websocket: true });
  const { ports, wsUrl, pid } = server;
  {
    await using nc = await connect(server);
    const jsm = await jetstreamManager(nc, { timeout: 2_000 });
    await jsm.streams.add({ name: "events", subjects: ["ev.>"] });
    await jetstream(nc).publish("ev.1", "one");

    await server.kill();
    assertEquals(server.pid, undefined);
    assert(!server.running);
    await server.kill();
    await server.stop();
    await server.restart();
    assertNotEquals(server.pid, pid);
    // The same connection comes back by itself.
    await waitFor(() => jsm.streams.info("events"));
    await jetstream(nc).publish("ev.2", "two");

    await server.stop();
    await server.restart();
    await server.restart();
  }
  assertEquals([server.ports, server.wsUrl], [ports, wsUrl]);
  await using ws = await connectWs(server);
  const info = await (await jetstreamManager(ws)).streams.info("events");
  assertEquals(info.state.messages, 2);
});

Deno.test("NatsServer.pause() stops all answers until resume()", async () => {
  await using server = await NatsServer.start();
  await using nc = await connect(server);
  await server.pause();
  assert(!server.running);
  let answered = false;
  const flushed = nc.flush().then(() => answered = true);
  await assertRejects(() => connect(server, { timeout: 200 }));
  assert(!answered);
  server.resume();
  server.resume();
  await flushed;
  assert(server.running);
});

Deno.test("NatsServer ends while it is paused: killed, stopped or disposed", async () => {
  await using server = await NatsServer.start();
  await server.pause();
  await server.kill();
  await server.restart();
  await server.pause();
  await server.stop();
  assertEquals(server.pid, undefined);
  await server.restart();
  await server.pause();
});

Deno.test("NatsServer.reload() puts another configuration in force", async () => {
  await using server = await NatsServer.start({ config: "max_payload: 2048" });
  await server.reload("max_payload: 4096");
  {
    await using nc = await connect(server);
    assertEquals(nc.info?.max_payload, 4096);
  }
  await assertRejects(() => server.reload("nonsense: 1"), Error, "nonsense");
  await server.reload("max_payload: 1024");
  await using nc = await connect(server);
  assertEquals(nc.info?.max_payload, 1024);
});

Deno.test("NatsServer.logs() spans restarts", async () => {
  await using server = await NatsServer.start();
  await server.restart();
  const logs = await server.logs();
  assertEquals(logs.split("Server is ready").length - 1, 2);
  assertStringIncludes(logs, "Server Exiting");
});

Deno.test("NatsServer disposes twice, and then neither runs nor is there", async () => {
  const server = await NatsServer.start();
  await Promise.all([
    server[Symbol.asyncDispose](),
    server[Symbol.asyncDispose](),
  ]);
  await server[Symbol.asyncDispose]();
  assertEquals(server.pid, undefined);
  await assertRejects(() => Deno.stat(server.storeDir), Deno.errors.NotFound);
  await assertRejects(() => server.restart(), TypeError, "disposed");
  await assertRejects(() => server.pause(), TypeError, "does not run");
  assertEquals(await server.logs(), "");
});

Deno.test("NatsServer.ready() tells of a server that does not answer in time", async () => {
  await using server = await NatsServer.start();
  await server.pause();
  const error = await assertRejects(
    () => server.ready({ timeout: 0 }),
    NatsServerStartError,
    "did not answer within 0 ms",
  );
  assert(error.cause instanceof WaitTimeoutError);
});

Deno.test("withServer() passes the result on and disposes the server", async () => {
  let seen: NatsServer | undefined;
  const result = await withServer({}, (server) => {
    seen = server;
    return 42;
  });
  assertEquals(result, 42);
  assertEquals(seen?.pid, undefined);
});

Deno.test("connect() and connectWs() do not mix", async () => {
  await using server = await NatsServer.start({ websocket: true });
  {
    await using nc = await connect(server);
    await assertRejects(() => connectWs(server), TypeError, "TCP is open");
    await nc.flush();
  }
  await using ws = await connectWs([server.wsUrl]);
  await assertRejects(() => connect(server), TypeError, "WebSocket is open");
  await server.kill();
  await server.restart();
  await waitFor(() => ws.flush().then(() => true));
});
