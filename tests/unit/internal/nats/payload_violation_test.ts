/**
 * Which requests a server has not taken when it closes the connection because
 * of a message's size. What it says before, and what it no longer says, is
 * written here by hand: a real one leaves that to chance.
 */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { connect } from "@nats-io/transport-deno";
import { ConnectionLostError } from "../../../../internal/nats/errors.ts";
import { Multiplexer } from "../../../../internal/nats/multiplexer.ts";

const LARGE = "x".repeat(20_000);
const VIOLATION = "-ERR 'Maximum Payload Violation'\r\n";

const info = {
  server_id: "s",
  version: "2.15.2",
  headers: true,
  proto: 1,
  max_payload: 1_048_576,
};

/**
 * Serves one connection: once it has read a request and the PING behind it, it
 * says some last words.
 */
async function hangUp(
  listener: Deno.TcpListener,
  lastWords: string,
): Promise<void> {
  using connection = await listener.accept();
  listener.close();
  const say = (text: string) =>
    connection.write(new TextEncoder().encode(text));
  await say(`INFO ${JSON.stringify(info)}\r\n`);
  let heard = "";
  const buffer = new Uint8Array(65_536);
  while (!/ \d+\r\nx+\r\n(SUB.*\r\n)?PING/.test(heard)) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error("The client has hung up");
    const text = new TextDecoder().decode(buffer.subarray(0, count));
    heard += text;
    // The one with which it connects, and those behind subscriptions.
    if (!heard.includes("PUB")) await say("PONG\r\n");
  }
  await say(lastWords);
}

async function failureOf(lastWords: string): Promise<ConnectionLostError> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const serving = hangUp(listener, lastWords);
  const nc = await connect({
    servers: `127.0.0.1:${port}`,
    reconnect: true,
    maxReconnectAttempts: 1,
    reconnectTimeWait: 10,
  });
  await using mux = new Multiplexer(nc);
  try {
    await mux.request("large", LARGE, { timeout: 5_000 });
    throw new Error("It was answered");
  } catch (error) {
    assertInstanceOf(error, ConnectionLostError);
    return error;
  } finally {
    await serving;
    await nc.close();
  }
}

Deno.test("a request that the server has not read when it hangs up was not taken", async () => {
  const error = await failureOf(VIOLATION);
  assertEquals(error.sent, false);
  assertEquals(
    error.message,
    'The connection dropped before "large" was answered (Maximum Payload Violation)',
  );
});

Deno.test("a request that the server has read when it hangs up may have been taken", async () => {
  assertEquals((await failureOf(`PONG\r\nPONG\r\n${VIOLATION}`)).sent, true);
});

Deno.test("a request may have been taken if the server hangs up without a word", async () => {
  assertEquals((await failureOf("")).sent, true);
});

Deno.test("a request may have been taken if the server hangs up for another reason", async () => {
  assertEquals((await failureOf("-ERR 'Stale Connection'\r\n")).sent, true);
});
