/**
 * A cluster of nats-servers of one's own.
 *
 * @module
 */

import {
  agreedLeader,
  allCurrent,
  metaVotes,
  routes,
  streamVotes,
} from "./_cluster_state.ts";
import { jetstreamManager } from "@nats-io/jetstream";
import { pickServerPorts } from "./_server_config.ts";
import { waitFor } from "./conditions.ts";
import { connect } from "./nats_connect.ts";
import {
  NatsServer,
  type NatsServerOptions,
  NatsServerStartError,
} from "./nats_server.ts";

/** How a cluster is to be; the options of {@linkcode NatsServer.start} go for each of its servers. */
export interface NatsClusterOptions extends Omit<NatsServerOptions, "name"> {
  /**
   * How many servers.
   *
   * @default {3}
   */
  size?: number;
}

/** What {@linkcode NatsCluster.waitForLeader} waits for. */
export interface WaitForLeaderOptions {
  /** A server that is not to be the leader: the one that was. */
  not?: NatsServer;
  /**
   * Milliseconds after which waiting fails.
   *
   * @default {30_000}
   */
  timeout?: number;
}

/** Servers called `n1`, `n2`, ... that know each other. */
export class NatsCluster implements AsyncDisposable {
  /** The servers, in the order of their names. */
  readonly servers: readonly NatsServer[];

  /** @ignore Use {@linkcode NatsCluster.start}. */
  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  /**
   * Starts a cluster and resolves when each server has a route to each other.
   * With JetStream, the servers have elected a leader for the list of streams
   * and all are current with it, so that a stream may be made at once.
   *
   * @throws {NatsServerStartError} when a server ends instead, with its log.
   */
  static async start(
    { size = 3, ...options }: NatsClusterOptions = {},
  ): Promise<NatsCluster> {
    for (let attempt = 1;; attempt++) {
      const cluster = await NatsCluster.#spawn(size, options);
      try {
        await Promise.all(cluster.servers.map((server) => server.ready()));
        const jetstream = options.jetstream ?? true;
        await cluster.#formed(() =>
          jetstream ? cluster.#peersAgree() : cluster.#routed()
        );
        // Where no users are configured, so that anybody may ask.
        if (jetstream && !options.config) await cluster.#takesStreams(size);
        return cluster;
      } catch (error) {
        await cluster[Symbol.asyncDispose]();
        const clash = error instanceof NatsServerStartError && error.portTaken;
        if (!clash || attempt === 10) throw error;
      }
    }
  }

  static async #spawn(
    size: number,
    options: NatsServerOptions,
  ): Promise<NatsCluster> {
    const ports = Array.from({ length: size }, () =>
      pickServerPorts({
        websocket: options.websocket ?? false,
        cluster: true,
      }));
    const routes = ports.map(({ cluster }) => `nats://127.0.0.1:${cluster}`);
    // Servers of another cluster that had one of the ports before stay away.
    const name = `aether-test-${crypto.randomUUID()}`;
    const servers: NatsServer[] = [];
    try {
      for (const [index, own] of ports.entries()) {
        servers.push(
          await NatsServer.spawn({
            ...options,
            name: `n${index + 1}`,
            ports: own,
            cluster: { name, routes },
          }),
        );
      }
      return new NatsCluster(servers);
    } catch (error) {
      await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()));
      throw error;
    }
  }

  /** Where clients connect to over TCP, a URL a server. */
  get urls(): string[] {
    return this.servers.map(({ url }) => url);
  }

  /**
   * Where clients connect to over WebSocket, a URL a server.
   *
   * @throws {TypeError} when the cluster was started without `websocket`.
   */
  get wsUrls(): string[] {
    return this.servers.map(({ wsUrl }) => wsUrl);
  }

  /** The server of that name. */
  server(name: string): NatsServer {
    const server = this.servers.find((server) => server.name === name);
    if (server === undefined) {
      throw new RangeError(`No server of the cluster is called "${name}"`);
    }
    return server;
  }

  /**
   * The server that leads a stream and that more than half of the stream's
   * servers follow; `undefined` while there is none. It asks the servers over
   * HTTP, so it needs no NATS user and works whatever the clients are cut from.
   */
  async leaderOf(stream: string): Promise<NatsServer | undefined> {
    return agreedLeader(await streamVotes(this.servers, stream))?.server;
  }

  /** Resolves to the stream's leader when it has one (other than `not`). */
  waitForLeader(
    stream: string,
    { not, timeout = 30_000 }: WaitForLeaderOptions = {},
  ): Promise<NatsServer> {
    return waitFor(async () => {
      const leader = await this.leaderOf(stream);
      return leader === not ? undefined : leader;
    }, { timeout, message: `a leader of stream ${stream}` });
  }

  /**
   * Has a stream's leader hand over, as it does before it is shut down in good
   * order; resolves when there is a leader again.
   */
  async stepDown(stream: string): Promise<void> {
    const connection = await connect(this);
    try {
      const { data } = await connection.request(
        `$JS.API.STREAM.LEADER.STEPDOWN.${stream}`,
      );
      const { error } = JSON.parse(new TextDecoder().decode(data));
      if (error) throw new Error(`Refused: ${JSON.stringify(error)}`);
    } finally {
      await connection.close();
    }
    await this.waitForLeader(stream);
  }

  /** The servers that hold a copy of a stream and do not lead it, those that don't run left out. */
  async followersOf(stream: string): Promise<NatsServer[]> {
    const votes = await streamVotes(this.servers, stream);
    const leader = agreedLeader(votes)?.server;
    return votes.map(({ server }) => server).filter((one) => one !== leader);
  }

  /** Resolves when all copies of a stream are there and up to date. */
  async waitForCurrent(
    stream: string,
    { timeout = 30_000 }: { timeout?: number } = {},
  ): Promise<void> {
    await waitFor(async () => {
      const leader = agreedLeader(await streamVotes(this.servers, stream));
      return leader !== undefined && allCurrent(leader);
    }, { timeout, message: `all copies of stream ${stream} to be current` });
  }

  /** Resolves when all servers run, agree on who keeps the list of streams, and are current with it. */
  async waitForPeers(
    { timeout = 30_000 }: { timeout?: number } = {},
  ): Promise<void> {
    await waitFor(() => this.#peersAgree(), {
      timeout,
      message: `${this.servers.length} servers to agree on a leader`,
    });
  }

  /** Waits for a condition, but gives up on a server that has ended. */
  async #formed(condition: () => Promise<boolean>): Promise<void> {
    const outcome = await waitFor(
      async () =>
        this.servers.find(({ pid }) => pid === undefined) ?? await condition(),
      {
        timeout: 30_000,
        message: `${this.servers.length} servers to form a cluster`,
      },
    );
    if (outcome instanceof NatsServer) await outcome.ready(); // Says why.
  }

  /**
   * Makes a stream on all servers and deletes it: a leader that has not heard
   * of how full the others are yet finds no place for one.
   */
  async #takesStreams(size: number): Promise<void> {
    const connection = await connect(this);
    try {
      const manager = await jetstreamManager(connection);
      await waitFor(
        async () => {
          const name = "PROBE";
          await manager.streams.add({
            name,
            subjects: ["probe"],
            num_replicas: size,
          });
          return await manager.streams.delete(name);
        },
        { timeout: 30_000, message: "a cluster to take a stream" },
      );
    } finally {
      await connection.close();
    }
  }

  async #routed(): Promise<boolean> {
    const others = this.servers.length - 1;
    return (await routes(this.servers)).every(({ size }) => size === others);
  }

  async #peersAgree(): Promise<boolean> {
    const size = this.servers.length;
    const votes = await metaVotes(this.servers);
    const leader = agreedLeader(votes);
    return leader !== undefined && allCurrent(leader, size) &&
      votes.length === size &&
      votes.every(({ view }) => view.leader === leader.server.name);
  }

  /** Kills all servers and removes their folders. Doing it again is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.servers.map((server) => server[Symbol.asyncDispose]()),
    );
  }
}
