/**
 * Members whose processes, connections or buckets fail, over one server.
 */

import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ConnectionClosedError,
  NodeDiscovery,
  type NodeDiscoveryOptions,
  NodeIdTakenError,
  ShardManager,
} from "../../cluster/mod.ts";
import { StreamSetupError } from "../../mod.ts";
import { waitFor } from "../support/conditions.ts";
import { seesReady } from "../support/discovery_contract/fixture.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";

const LEASE = 1_000;

let server: NatsServer;

Deno.test.beforeAll(async () => {
  server = await NatsServer.start();
});

Deno.test.afterAll(() => server?.[Symbol.asyncDispose]());

/** A test's cluster, whose members have a connection each. */
class Cluster implements AsyncDisposable {
  readonly name: string = crypto.randomUUID();
  readonly #stack = new AsyncDisposableStack();

  async connect(to: { url: string } = server): Promise<NatsConnection> {
    return this.#stack.adopt(
      await connect(to.url, { maxReconnectAttempts: -1 }),
      (nc) => nc.close(),
    );
  }

  async join(
    nodeId: string,
    options: NodeDiscoveryOptions = {},
    nc?: NatsConnection,
  ): Promise<NodeDiscovery> {
    return this.#stack.use(
      await NodeDiscovery.join(nc ?? await this.connect(), {
        cluster: this.name,
        nodeId,
        lease: LEASE,
        ...options,
      }),
    );
  }

  use<T extends AsyncDisposable>(resource: T): T {
    return this.#stack.use(resource);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

Deno.test("a member whose process is gone is gone for all when its lease has lapsed", async () => {
  await using cluster = new Cluster();
  const nc = await cluster.connect();
  const [a, b] = [await cluster.join("a"), await cluster.join("b")];
  const gone = await cluster.join("gone", {}, nc);
  await seesReady(a, ["a", "b", "gone"]);
  const changes = gone.changes();
  await changes.next();
  await nc.close();
  // Who follows it is told that it knows nothing more.
  await assertRejects(async () => {
    while (!(await changes.next()).done);
  }, ConnectionClosedError);
  await seesReady(a, ["a", "b"]);
  await seesReady(b, ["a", "b"]);
});

Deno.test("a client that starts before the first member waits for it, in time", async () => {
  await using cluster = new Cluster();
  const early = cluster.join("early", { role: "client" });
  const error = await assertRejects(
    () => cluster.join("hasty", { role: "client", startTimeout: 1 }),
    StreamSetupError,
  );
  assertEquals(error.code, "not-found");
  await cluster.join("member");
  await seesReady(await early, ["member"]);
});

Deno.test("one that starts again after a crash waits for its old lease", async () => {
  await using cluster = new Cluster();
  const nc = await cluster.connect();
  const a = await cluster.join("a");
  await cluster.join("crashes", {}, nc);
  const [, before] = await seesReady(a, ["a", "crashes"]);
  await nc.close();
  const error = await assertRejects(
    () => cluster.join("crashes", { startTimeout: 50 }),
    NodeIdTakenError,
    "has not lapsed in time",
  );
  assertEquals(error.code, "timeout");
  const again = await cluster.join("crashes");
  await again.ready;
  await waitFor(() => {
    const [, after] = a.nodes();
    return after !== undefined && after.incarnation !== before!.incarnation;
  });
});

Deno.test("a member that was cut off comes back as another one", async () => {
  await using cluster = new Cluster();
  const upstream = { port: server.port };
  const proxy = cluster.use(await TcpProxy.start({ upstream }));
  const options = {
    cluster: cluster.name,
    lease: LEASE,
    shards: 8,
    settle: 20,
  };
  const join = async (to: { url: string }, nodeId: string) =>
    cluster.use(
      await ShardManager.join(await cluster.connect(to), {
        ...options,
        nodeId,
        reconnect: false,
      }),
    );
  const stays = await join(server, "stays");
  const cut = await join(proxy, "cut");
  await Promise.all([stays.ready, cut.ready]);
  const incarnationOf = () =>
    stays.nodes().find(({ id }) => id === "cut")?.incarnation;
  const before = incarnationOf();
  assertEquals(cut.shards().length, 4);
  proxy.pause();
  // It stops by itself, before another one takes its shards.
  await waitFor(() => cut.shards().length === 0);
  await waitFor(() => stays.shards().length === 8);
  assertEquals(cut.shards(), []);
  proxy.unpause();
  await waitFor(() => cut.shards().length === 4);
  assert(incarnationOf() !== before);
  assertEquals(cut.metrics.lost, 1);
});

Deno.test("all goes on in a bucket that was deleted", async () => {
  await using cluster = new Cluster();
  const options = {
    cluster: cluster.name,
    lease: LEASE,
    shards: 8,
    settle: 20,
  };
  const all: ShardManager[] = [];
  for (const nodeId of ["a", "b", "c"]) {
    const nc = await cluster.connect();
    all.push(
      cluster.use(await ShardManager.join(nc, { ...options, nodeId })),
    );
  }
  await Promise.all(all.map(({ ready }) => ready));
  const { streams } = await jetstreamManager(await cluster.connect());
  assert(await streams.delete(`KV_AETHER_CLUSTER_${cluster.name}`));
  const late = cluster.use(
    await ShardManager.join(await cluster.connect(), {
      ...options,
      nodeId: "late",
    }),
  );
  await late.ready;
  const count = () =>
    [...all, late].reduce((sum, each) => sum + each.shards().length, 0);
  await waitFor(() => count() === 8 && late.shards().length === 2);
  await waitFor(() => all.every((each) => each.nodes().length === 4));
});
