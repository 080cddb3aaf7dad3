/**
 * Stands in for the package of this name: transport-node, made to behave as
 * transport-deno 3.4.0 does, which leaves Nagle's algorithm on.
 */

import type { ConnectionOptions, NatsConnection } from "@nats-io/nats-core";
import { connect as connectNode } from "npm:@nats-io/transport-node@3.4.0";

export * from "npm:@nats-io/transport-node@3.4.0";

interface Transport {
  socket: { setNoDelay(noDelay: boolean): void };
  connect(...args: unknown[]): Promise<void>;
}

const delaying = new WeakSet<object>();

/** Connects to a server. */
export async function connect(
  options?: ConnectionOptions,
): Promise<NatsConnection> {
  const connection = await connectNode(options);
  const { transport } =
    (connection as unknown as { protocol: { transport: Transport } }).protocol;
  transport.socket.setNoDelay(false);
  delayFromNowOn(Object.getPrototypeOf(transport));
  return connection;
}

/** Has later transports, such as those of reconnects, do the same. */
function delayFromNowOn(prototype: Transport): void {
  if (delaying.has(prototype)) return;
  delaying.add(prototype);
  const { connect } = prototype;
  prototype.connect = async function (...args) {
    await connect.apply(this, args);
    this.socket.setNoDelay(false);
  };
}
