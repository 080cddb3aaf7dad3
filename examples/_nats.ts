/**
 * The NATS server that an example runs on.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-deno";
import { NatsServer } from "../tests/support/nats_server.ts";

/**
 * Connects to the server that `NATS_URL` names, else to one that is started
 * for the example and goes with it.
 *
 * @param resources Closes the connection and stops the server.
 * @param storeDir Where the server that is started keeps its files; without
 * it they go with the server.
 */
export async function connectToNats(
  resources: AsyncDisposableStack,
  storeDir?: string,
): Promise<NatsConnection> {
  const url = Deno.env.get("NATS_URL") ||
    resources.use(await NatsServer.start({ storeDir })).url;
  // Redial for ever, and give a server that does not answer up soon.
  const connection = await connect({
    servers: url.split(","),
    maxReconnectAttempts: -1,
    timeout: 2000,
  }).catch((cause) => {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new Error(`Cannot connect to ${url}: ${reason}`, { cause });
  });
  tellOfOutages(connection);
  return resources.adopt(connection, (connection) => connection.close());
}

/** Says on stderr when the connection is lost and when it is back. */
async function tellOfOutages(connection: NatsConnection): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === "disconnect") {
      console.error("the connection to the server is lost; trying again");
    } else if (type === "reconnect") {
      console.error("the connection to the server is back");
    }
  }
}
