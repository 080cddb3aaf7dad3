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
  });
  return resources.adopt(connection, (connection) => connection.close());
}
