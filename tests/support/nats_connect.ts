/**
 * Connections with settings that fit tests: they redial for ever and at once,
 * and give up soon on what does not answer.
 *
 * @module
 */

import "./_late_errors.ts";

import { connect as dial } from "@nats-io/transport-deno";
import {
  type ConnectionOptions,
  type NatsConnection,
  wsconnect,
} from "@nats-io/nats-core";
import { CONNECTION_DEFAULTS } from "./connection_defaults.ts";

/** Where to connect to: a URL, several, or something that has one. */
export type ConnectTarget =
  | string
  | readonly string[]
  | { readonly url: string }
  | { readonly urls: readonly string[] };

/** Where to connect to over WebSocket: a URL, several, or something that has one. */
export type ConnectWsTarget =
  | string
  | readonly string[]
  | { readonly wsUrl: string }
  | { readonly wsUrls: readonly string[] };

/**
 * Connects over TCP. Several URLs are tried in the order given, and only these:
 * servers that the cluster tells of are left out, so that a test's proxy is
 * never gone around.
 *
 * @throws {TypeError} while connections of {@linkcode connectWs} are open: the
 * client keeps one kind of transport for all connections of a process (of a
 * file, under `deno test`), and the older ones would redial with the wrong one.
 */
export function connect(
  target: ConnectTarget,
  options: ConnectionOptions = {},
): Promise<NatsConnection> {
  const servers = typeof target === "object" && "url" in target
    ? [target.url]
    : typeof target === "object" && "urls" in target
    ? [...target.urls]
    : listOf(target);
  return open(
    "TCP",
    () => dial({ ...CONNECTION_DEFAULTS, ...options, servers }),
  );
}

/**
 * Connects over WebSocket, else as {@linkcode connect} does.
 *
 * @throws {TypeError} while connections of {@linkcode connect} are open.
 */
export function connectWs(
  target: ConnectWsTarget,
  options: ConnectionOptions = {},
): Promise<NatsConnection> {
  const servers = typeof target === "object" && "wsUrl" in target
    ? [target.wsUrl]
    : typeof target === "object" && "wsUrls" in target
    ? [...target.wsUrls]
    : listOf(target);
  return open(
    "WebSocket",
    () => wsconnect({ ...CONNECTION_DEFAULTS, ...options, servers }),
  );
}

type Transport = "TCP" | "WebSocket";

const connections = new Map<NatsConnection, Transport>();

async function open(
  transport: Transport,
  dial: () => Promise<NatsConnection>,
): Promise<NatsConnection> {
  for (const [other, kind] of connections) {
    if (other.isClosed()) connections.delete(other);
    else if (kind !== transport) {
      throw new TypeError(
        `Cannot connect over ${transport}: a connection over ${kind} is open, and a process has one kind`,
      );
    }
  }
  const connection = await dial();
  connections.set(connection, transport);
  return connection;
}

function listOf(target: string | readonly string[]): string[] {
  return typeof target === "string" ? [target] : [...target];
}
