/**
 * The servers that are measured on, and connections to them.
 *
 * @module
 */

import {
  JetStreamEventStore,
  type JetStreamEventStoreOptions,
} from "@flowmade-one/aether";
import type { NatsConnection } from "@nats-io/nats-core";
import { NatsCluster } from "../tests/support/nats_cluster.ts";
import { connect } from "../tests/support/nats_connect.ts";
import { NatsServer } from "../tests/support/nats_server.ts";
import type { OrderPlaced } from "./_events.ts";
import type { Bench } from "./_harness.ts";

/** One server, the same with every acknowledgement on disk, or a cluster. */
export type Kind = "one server" | "sync_interval: always" | "three replicas";

/** A store for orders. */
export type OrderStore = JetStreamEventStore<OrderPlaced>;

/** Servers of one's own on this machine. Disposing it stops them. */
export class Deployment implements AsyncDisposable {
  /** Where the first server listens: every client connects to that one. */
  readonly url: string;
  /** Copies of a stream. */
  readonly replicas: number;
  readonly #resources: AsyncDisposableStack;
  #streams = 0;

  private constructor(
    url: string,
    replicas: number,
    resources: AsyncDisposableStack,
  ) {
    this.url = url;
    this.replicas = replicas;
    this.#resources = resources;
  }

  /** Starts the servers. */
  static async start(kind: Kind): Promise<Deployment> {
    const resources = new AsyncDisposableStack();
    if (kind === "three replicas") {
      const cluster = resources.use(await NatsCluster.start());
      return new Deployment(cluster.urls[0]!, 3, resources);
    }
    const syncAlways = kind === "sync_interval: always";
    const server = resources.use(await NatsServer.start({ syncAlways }));
    return new Deployment(server.url, 1, resources);
  }

  /** A connection that is closed with the servers. */
  async connect(): Promise<NatsConnection> {
    return this.#resources.adopt(
      await connect(this.url),
      (connection) => connection.close(),
    );
  }

  /** A store, on a connection of its own by default, closed with the servers. */
  async open(
    options: JetStreamEventStoreOptions,
    connection?: NatsConnection,
  ): Promise<OrderStore> {
    const { replicas } = this;
    connection ??= await this.connect();
    const all = { replicas, ...options };
    return this.#resources.use(
      await JetStreamEventStore.open<OrderPlaced>(connection, all),
    );
  }

  /** A namespace that was not used before. */
  namespace(): string {
    return `bench-${++this.#streams}`;
  }

  /** Stops everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** Starts servers of a kind, once a theme. */
export function deploy(bench: Bench, kind: Kind): Promise<Deployment> {
  return bench.shared(kind, () => {
    bench.progress(`starting nats-server, ${kind}`);
    return Deployment.start(kind);
  });
}
