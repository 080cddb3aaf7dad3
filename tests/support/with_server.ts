/**
 * Servers for the length of a function, whose logs are shown when it fails.
 *
 * @module
 */

import { tail } from "./_server_process.ts";
import { NatsCluster, type NatsClusterOptions } from "./nats_cluster.ts";
import { NatsServer, type NatsServerOptions } from "./nats_server.ts";

const LINES = 40;

/**
 * Starts a server, hands it to `use`, and disposes it whatever comes of that.
 * When `use` fails, the end of the server's log goes to stderr first.
 */
export async function withServer<T>(
  options: NatsServerOptions,
  use: (server: NatsServer) => T | PromiseLike<T>,
): Promise<T> {
  await using server = await NatsServer.start(options);
  try {
    return await use(server);
  } catch (error) {
    await showLogs([server]);
    throw error;
  }
}

/**
 * Starts a cluster, hands it to `use`, and disposes it whatever comes of that.
 * When `use` fails, the end of each server's log goes to stderr first.
 */
export async function withCluster<T>(
  options: NatsClusterOptions,
  use: (cluster: NatsCluster) => T | PromiseLike<T>,
): Promise<T> {
  await using cluster = await NatsCluster.start(options);
  try {
    return await use(cluster);
  } catch (error) {
    await showLogs(cluster.servers);
    throw error;
  }
}

/** Writes the end of each server's log to stderr. */
export async function showLogs(servers: readonly NatsServer[]): Promise<void> {
  for (const server of servers) {
    const logs = tail(await server.logs(), LINES);
    console.error(
      `--- log of nats-server ${server.name} (${server.version}), last ${LINES} lines\n${logs}\n---`,
    );
  }
}
