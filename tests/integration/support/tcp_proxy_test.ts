import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertRejects,
} from "@std/assert";
import { waitFor } from "../../support/conditions.ts";
import { connect } from "../../support/nats_connect.ts";
import { NatsServer } from "../../support/nats_server.ts";
import { TcpProxy } from "../../support/tcp_proxy.ts";

/** Sends back what it gets. */
class EchoServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #done: Promise<void>;

  constructor() {
    this.#done = (async () => {
      const all: Promise<void>[] = [];
      for await (const connection of this.#listener) {
        all.push(
          connection.readable.pipeTo(connection.writable).catch(() => {}),
        );
      }
      await Promise.all(all);
    })();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#done;
  }
}

async function roundTrip(
  connection: Deno.TcpConn,
  text: string,
): Promise<string> {
  await connection.write(new TextEncoder().encode(text));
  const buffer = new Uint8Array(100);
  const count = await connection.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
}

Deno.test("TcpProxy carries bytes unchanged and in order under back pressure", async () => {
  await using echo = new EchoServer();
  await using proxy = await TcpProxy.start({ upstream: echo });
  const sent = new Uint8Array(8 * 1024 * 1024);
  for (let i = 0; i < sent.length; i += 4) {
    new DataView(sent.buffer).setUint32(i, i);
  }
  const connection = await Deno.connect({ port: proxy.port });
  const received = new Response(connection.readable).bytes();
  for (let at = 0; at < sent.length;) {
    at += await connection.write(sent.subarray(at));
  }
  await connection.closeWrite();
  const digest = (bytes: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer> =>
    crypto.subtle.digest("SHA-256", bytes);
  assertEquals(await digest(await received), await digest(sent));
  await waitFor(() => proxy.connections === 0);
});

Deno.test("TcpProxy.delay() makes both directions slower, not narrower", async () => {
  await using echo = new EchoServer();
  await using proxy = await TcpProxy.start({ upstream: echo });
  using connection = await Deno.connect({ port: proxy.port });
  proxy.delay(40, "clientToServer");
  proxy.delay(30, "serverToClient");
  let start = performance.now();
  assertEquals(await roundTrip(connection, "slow"), "slow");
  assertGreaterOrEqual(performance.now() - start, 65);

  start = performance.now();
  for (let i = 0; i < 20; i++) {
    await connection.write(new TextEncoder().encode("."));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const buffer = new Uint8Array(20);
  for (let got = 0; got < 20;) got += (await connection.read(buffer))!;
  assertLess(performance.now() - start, 20 * 65);
});

Deno.test("TcpProxy.pause() holds one direction's bytes until unpause()", async () => {
  await using server = await NatsServer.start();
  await using proxy = await TcpProxy.start({ upstream: server });
  await using through = await connect(proxy);
  await using direct = await connect(server);
  const subscription = direct.subscribe("greeting", { max: 1 });
  const heard = (async () => {
    for await (const message of subscription) return message.string();
  })();
  await direct.flush();

  proxy.pause("serverToClient");
  let flushed = false;
  through.publish("greeting", "hello");
  const flush = through.flush().then(() => flushed = true);
  assertEquals(await heard, "hello");
  assert(!flushed);
  proxy.unpause("serverToClient");
  await flush;
});

Deno.test("TcpProxy.cut() ends every connection and the client redials", async () => {
  await using server = await NatsServer.start({ jetstream: false });
  await using proxy = await TcpProxy.start({ upstream: server });
  await using nc = await connect(proxy);
  const events: string[] = [];
  const listening = (async () => {
    for await (const { type } of nc.status()) events.push(type);
  })();
  assertEquals(proxy.connections, 1);
  proxy.cut();
  await waitFor(() => events.includes("reconnect"));
  await nc.flush();
  assertEquals(proxy.connections, 1);
  await nc.close();
  await listening;
});

Deno.test("TcpProxy.refuse() refuses new connections until accept()", async () => {
  await using echo = new EchoServer();
  await using proxy = await TcpProxy.start({ upstream: echo });
  using open = await Deno.connect({ port: proxy.port });
  assertEquals(await roundTrip(open, "one"), "one");
  await proxy.refuse();
  await assertRejects(
    () => Deno.connect({ port: proxy.port }),
    Deno.errors.ConnectionRefused,
  );
  assertEquals(await roundTrip(open, "two"), "two");
  await proxy.accept();
  await proxy.accept();
  using another = await Deno.connect({ port: proxy.port });
  assertEquals(await roundTrip(another, "three"), "three");
});

Deno.test("TcpProxy ends a client's connection when the server is not there", async () => {
  await using proxy = await TcpProxy.start({ upstream: { port: 1 } });
  using connection = await Deno.connect({ port: proxy.port });
  assertEquals(await connection.read(new Uint8Array(1)), null);
});

Deno.test("TcpProxy.dropServerToClient() loses the ack of a publish that is stored", async () => {
  await using server = await NatsServer.start();
  await using proxy = await TcpProxy.start({ upstream: server });
  await using through = await connect(proxy);
  await using direct = await connect(server);
  const jsm = await jetstreamManager(direct);
  await jsm.streams.add({ name: "events", subjects: ["ev.>"] });

  proxy.dropServerToClient();
  await assertRejects(() =>
    jetstream(through).publish("ev.1", "lost ack", { timeout: 300 })
  );
  assertGreaterOrEqual(proxy.droppedBytes, 1);
  assertEquals((await jsm.streams.info("events")).state.messages, 1);

  proxy.cut();
  proxy.passServerToClient();
  const ack = await waitFor(() =>
    jetstream(through).publish("ev.1", "kept ack", { timeout: 300 })
  );
  assertEquals(ack.stream, "events");
});

Deno.test("TcpProxy.dropServerToClient() lets through what does not match", async () => {
  await using echo = new EchoServer();
  await using proxy = await TcpProxy.start({ upstream: echo });
  using connection = await Deno.connect({ port: proxy.port });
  proxy.dropServerToClient({
    match: (chunk) => new TextDecoder().decode(chunk).startsWith("secret"),
  });
  await connection.write(new TextEncoder().encode("secret"));
  await waitFor(() => proxy.droppedBytes === 6);
  assertEquals(await roundTrip(connection, "public"), "public");
});

Deno.test("TcpProxy disposes in the middle of everything, and twice", async () => {
  await using server = await NatsServer.start({ jetstream: false });
  const proxy = await TcpProxy.start({ upstream: server });
  using connection = await Deno.connect({ port: proxy.port });
  await connection.read(new Uint8Array(10));
  proxy.pause();
  proxy.delay(60_000);
  await connection.write(new TextEncoder().encode("PING\r\n"));
  await proxy[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  assertEquals(proxy.connections, 0);
});
