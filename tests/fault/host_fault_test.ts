/**
 * Event-sourced actors whose node dies between a save and its reply, or saves
 * after a pause in which another node has become the owner.
 */

import { assertEquals, assertRejects } from "@std/assert";
import {
  type Actors,
  ClusterManager,
  RequestLostError,
} from "../../cluster/mod.ts";
import { Rejection } from "../../decider/mod.ts";
import { JetStreamEventStore } from "../../mod.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import type { NatsServer } from "../support/nats_server.ts";
import { withServer } from "../support/with_server.ts";
import {
  type Count,
  type Counted,
  countersIn,
  type CountReply,
} from "./host/counter.ts";
import { HostProcess } from "./host/_process.ts";

const LEASE = 1_500;
const OPTIONS = { lease: LEASE, settle: 50, shards: 8 };

/** Longer than another node takes to become the owner, on any machine. */
const TIMEOUT = 60_000;

/** Two nodes, and a client that asks for their counters. */
class Counters implements AsyncDisposable {
  readonly actors: Actors<Count, CountReply>;
  readonly store: JetStreamEventStore<Counted>;
  readonly #cluster: ClusterManager;
  readonly #nodes: readonly HostProcess[];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    stack: AsyncDisposableStack,
    store: JetStreamEventStore<Counted>,
    cluster: ClusterManager,
    nodes: readonly HostProcess[],
  ) {
    this.#stack = stack;
    this.store = store;
    this.#cluster = cluster;
    this.#nodes = nodes;
    this.actors = cluster.actors("counter", countersIn(store));
  }

  static async start(server: NatsServer): Promise<Counters> {
    await using stack = new AsyncDisposableStack();
    const nc = await connect(server);
    stack.defer(() => nc.close());
    const store = stack.use(await JetStreamEventStore.open<Counted>(nc));
    const cluster = stack.use(
      new ClusterManager(nc, { ...OPTIONS, role: "client", create: true }),
    );
    await cluster.start();
    const nodes = ["one", "two"].map((nodeId) =>
      stack.use(
        new HostProcess(nodeId, {
          servers: [server.url],
          cluster: { ...OPTIONS, nodeId },
        }),
      )
    );
    const counters = new Counters(stack.move(), store, cluster, nodes);
    for (const { nodeId } of nodes) await counters.#owns(nodeId, "any");
    return counters;
  }

  /** An actor, its owner, and the other node. */
  pick(): { actorId: string; owner: HostProcess; other: HostProcess } {
    const actorId = `counter-${crypto.randomUUID()}`;
    const { nodeId } = this.#cluster.ownerOf(actorId)!;
    const [owner, other] = this.#nodes[0]!.nodeId === nodeId
      ? this.#nodes
      : this.#nodes.toReversed();
    return { actorId, owner: owner!, other: other! };
  }

  /**
   * An actor at version 1, whose owner is stopped right before it saves another
   * event, and whose other node is the owner by now.
   */
  async pauseOwner(): Promise<
    ReturnType<Counters["pick"]> & { lost: Promise<RequestLostError> }
  > {
    const picked = this.pick();
    const { actorId, owner, other } = picked;
    const timeout = TIMEOUT;
    await this.actors.request(actorId, { by: 1 }, { timeout });
    const paused = { by: 10, then: "pause" } as const;
    const lost = assertRejects(
      () => this.actors.request(actorId, paused, { timeout }),
      RequestLostError,
    );
    await owner.says("saving");
    owner.signal("SIGSTOP");
    await this.#owns(other.nodeId, actorId);
    return { ...picked, lost };
  }

  /** What an actor has counted, event by event. */
  async counted(actorId: string): Promise<number[]> {
    const events = await this.store.getEvents(actorId);
    return events.map(({ data }) => data.by);
  }

  #owns(nodeId: string, actorId: string): Promise<unknown> {
    const ids = actorId === "any"
      ? Array.from({ length: 100 }, (_, i) => `counter-${i}`)
      : [actorId];
    return waitFor(
      () => ids.some((id) => this.#cluster.ownerOf(id)?.nodeId === nodeId),
      { timeout: TIMEOUT, message: `${nodeId} to own ${actorId}` },
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

Deno.test("a command whose node dies between its save and its reply is carried out once", async () => {
  await withServer({}, async (server) => {
    await using counters = await Counters.start(server);
    const { actors } = counters;
    const { actorId } = counters.pick();
    const before = await actors.request(actorId, { by: 1 });
    assertEquals([before.version, before.duplicate], [1, false]);
    const reply = await actors.request(
      actorId,
      { by: 10, then: "die" },
      { commandId: "c1", timeout: TIMEOUT },
    );
    assertEquals(reply, { count: 11, version: 2, duplicate: true });
    assertEquals(await counters.counted(actorId), [1, 10]);
  });
});

Deno.test("a command without an id whose node dies behind its save fails as unknown", async () => {
  await withServer({}, async (server) => {
    await using counters = await Counters.start(server);
    const { actorId } = counters.pick();
    const error = await assertRejects(
      () =>
        counters.actors.request(actorId, { by: 10, then: "die" }, {
          timeout: TIMEOUT,
        }),
      RequestLostError,
    );
    assertEquals(error.begun, "unknown");
    assertEquals(await counters.counted(actorId), [10]);
  });
});

Deno.test("an owner that saves after a pause conflicts with the next one's save", async () => {
  await withServer({}, async (server) => {
    await using counters = await Counters.start(server);
    const { actors } = counters;
    const { actorId, owner, lost } = await counters.pauseOwner();
    const reply = await actors.request(actorId, { by: 100 }, {
      timeout: TIMEOUT,
    });
    assertEquals([reply.count, reply.version], [101, 2]);
    owner.signal("SIGCONT");
    await owner.go();
    await owner.says("failed VersionConflictError");
    assertEquals((await lost).begun, "unknown");
    assertEquals(await counters.counted(actorId), [1, 100]);
  });
});

Deno.test("an owner whose state a paused one has moved on decides again", async () => {
  await withServer({}, async (server) => {
    await using counters = await Counters.start(server);
    const { actors } = counters;
    const { actorId, owner, other, lost } = await counters.pauseOwner();
    // The next owner knows the state as of version 1.
    await assertRejects(
      () => actors.request(actorId, { by: -2 }, { timeout: TIMEOUT }),
      Rejection,
    );
    owner.signal("SIGCONT");
    await owner.go();
    await owner.says("saved");
    const reply = await actors.request(actorId, { by: 100 }, {
      timeout: TIMEOUT,
    });
    assertEquals([reply.count, reply.version], [111, 3]);
    await other.says("conflicts 1");
    assertEquals((await lost).begun, "unknown");
    assertEquals(await counters.counted(actorId), [1, 10, 100]);
  });
});

Deno.test("a command that a paused owner and the next one carry out is stored once", async () => {
  await withServer({}, async (server) => {
    await using counters = await Counters.start(server);
    const { actorId, owner, other } = counters.pick();
    const sent = counters.actors.request(
      actorId,
      { by: 10, then: "pause" },
      { commandId: "c1", timeout: TIMEOUT },
    );
    await owner.says("saving");
    owner.signal("SIGSTOP");
    // The request goes to the next owner, which pauses as well.
    await other.says("saving");
    await other.go();
    assertEquals(await sent, { count: 10, version: 1, duplicate: false });
    owner.signal("SIGCONT");
    await owner.go();
    await owner.says("saved"); // what was stored already is a success
    assertEquals(await counters.counted(actorId), [10]);
  });
});
