/**
 * Requests and replies that are too large for the server, or that a node of
 * another version has written.
 */

import type { Msg } from "@nats-io/nats-core";
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  type Actors,
  ClusterManager,
  HandlerError,
  RequestLostError,
  RequestTooLargeError,
  ShardManager,
  UnreadableRequestError,
} from "../../cluster/mod.ts";
import { actorOf } from "../support/cluster_contract/fixture.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { withServer } from "../support/with_server.ts";

const LIMIT = 65_536;
const SETTINGS = { cluster: "sizes", lease: 2_000, settle: 20, shards: 16 };

const serverOptions = { config: `max_payload: ${LIMIT}` };

Deno.test("what is larger than the server takes is told at once, local or remote", async () => {
  await withServer(serverOptions, async (server) => {
    await using stack = new AsyncDisposableStack();
    const errors: unknown[] = [];
    const nodes: ClusterManager[] = [];
    const kinds: Actors<unknown, unknown>[][] = [];
    for (const nodeId of ["one", "two"]) {
      const nc = stack.adopt(await connect(server), (nc) => nc.close());
      const node = stack.use(
        new ClusterManager(nc, {
          ...SETTINGS,
          nodeId,
          onError: (error) => errors.push(error),
        }),
      );
      nodes.push(node);
      kinds.push([
        node.handle<string, number>("length", (_, text) => text.length),
        node.handle<Uint8Array, number>("size", (_, bytes) => bytes.length),
        node.handle<number, string>("text", (_, n) => "x".repeat(n)),
        node.handle<number, never>("fail", (_, n) => {
          throw new Error("x".repeat(n));
        }),
      ] as Actors<unknown, unknown>[]);
    }
    const [one, two] = nodes as [ClusterManager, ClusterManager];
    await Promise.all(nodes.map((each) => each.start()));
    await waitFor(() => nodes.every((each) => each.shards().length === 8));
    const [length, size, text, fail] = kinds[0]!;
    for (const isOwn of [true, false]) {
      const actorId = actorOf(one, isOwn);
      for (
        const [actors, payload] of [
          [length!, (n: number) => "x".repeat(n)],
          [size!, (n: number) => new Uint8Array(n)],
        ] as const
      ) {
        const error = await assertRejects(
          () => actors.request(actorId, payload(LIMIT)),
          RequestTooLargeError,
          `the server takes at most ${LIMIT} (max_payload)`,
        );
        assertEquals([error.begun, error.limit], ["no", LIMIT]);
        assert(error.size > LIMIT && error.size < LIMIT + 300, `${error.size}`);
        // The time that is left, a few digits, is a part of it.
        const most = LIMIT - (error.size - LIMIT) - 32;
        assertEquals(await actors.request(actorId, payload(most)), most);
      }
      for (const actors of [text!, fail!]) {
        const error = await assertRejects(
          () => actors.request(actorId, LIMIT),
          HandlerError,
        );
        if (isOwn && actors === fail) continue; // it goes nowhere
        assertEquals([error.errorName, error.begun], [
          "ReplyTooLargeError",
          "unknown",
        ]);
        const { size, limit } = error.data as { size: number; limit: number };
        assert(size > LIMIT && limit === LIMIT);
      }
      assertEquals(await text!.request(actorId, 10), "x".repeat(10));
    }
    assertEquals([one.metrics.overloaded, two.metrics.overloaded], [0, 0]);
    // The handler's own, on its node.
    assertEquals(errors.map((error) => (error as Error).name), [
      "ActorHandlerError",
      "ActorHandlerError",
    ]);
  });
});

Deno.test("nodes of another version are told apart, and answered", async () => {
  await withServer({}, async (server) => {
    await using stack = new AsyncDisposableStack();
    const nc = stack.adopt(await connect(server), (nc) => nc.close());
    const errors: Error[] = [];
    const node = stack.use(
      new ClusterManager(nc, {
        ...SETTINGS,
        nodeId: "this",
        onError: (error) => errors.push(error as Error),
      }),
    );
    const actors = node.handle("echo", (_, payload) => payload);
    await node.start();
    const other = stack.use(
      await ShardManager.join(nc, { ...SETTINGS, nodeId: "other" }),
    );
    let answer = "";
    const root = "aether.cluster.sizes.request";
    nc.subscribe(`${root}.other.*`, {
      callback: (_: unknown, message: Msg) => void message.respond(answer),
    });
    await waitFor(() =>
      node.shards().length === 8 && other.shards().length === 8
    );
    const actorId = actorOf(node, false);
    const timeout = 60_000;
    answer = '[1,"unreadable"]';
    const refused = await assertRejects(
      () => actors.request(actorId, 1, { timeout }),
      UnreadableRequestError,
      'node "other" can\'t read the request; use the same version',
    );
    assertEquals(refused.begun, "no");
    for (answer of ["[2]", "", "[1]", '[1,"other"]', "{}"]) {
      const lost = await assertRejects(
        () => actors.request(actorId, 1, { timeout }),
        RequestLostError,
      );
      assertEquals(lost.begun, "unknown");
      assertEquals((lost.cause as Error).name, "MalformedEnvelopeError");
    }
    assertEquals(errors, []);
    const { incarnation } = node.nodes().find(({ id }) => id === "this")!;
    const messages = ["", "[]", "[2]", "[1]", '[1,0,"echo"]', "\xff"];
    for (const message of messages) {
      const reply = await nc.request(`${root}.this.${incarnation}`, message, {
        timeout,
      });
      assertEquals(reply.string(), '[1,"unreadable"]');
    }
    assertEquals(
      errors.map(({ name }) => name),
      messages.map(() => "MalformedEnvelopeError"),
    );
  });
});
