/**
 * Requests and answers that get lost on the way while both connections stay:
 * what a caller may send again, it does.
 */

import { assertEquals, assertRejects } from "@std/assert";
import {
  ActorTimeoutError,
  ClusterManager,
  type ClusterManagerOptions,
} from "../../cluster/mod.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import type { NatsServer } from "../support/nats_server.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { withCluster, withServer } from "../support/with_server.ts";

const OPTIONS = {
  lease: 1_500,
  settle: 50,
  shards: 8,
} satisfies ClusterManagerOptions;

/** A payload that is found in what goes over the wire. */
const LOST = "to be lost";

/** Who is behind a proxy that loses messages with the payload. */
type Side = "node" | "caller";

/** Runs a test with a node that handles commands, and a caller. */
async function withLoss(
  side: Side,
  body: (
    ask: (commandId: string | undefined, timeout: number) => Promise<string>,
    handled: (string | undefined)[],
    proxy: TcpProxy,
  ) => Promise<void>,
): Promise<void> {
  await withServer({}, async (server) => {
    await using stack = new AsyncDisposableStack();
    const upstream = { port: server.port };
    const proxy = stack.use(await TcpProxy.start({ upstream }));
    const open = async (at: Side, options: ClusterManagerOptions) => {
      const nc = await connect(at === side ? proxy : server);
      stack.defer(() => nc.close());
      return stack.use(new ClusterManager(nc, { ...OPTIONS, ...options }));
    };
    const handled: (string | undefined)[] = [];
    const node = await open("node", {});
    node.handle<string, string>("echo", ({ commandId }, text) => {
      handled.push(commandId);
      return text;
    });
    await node.start();
    const caller = await open("caller", { role: "client" });
    const actors = caller.actors<string, string>("echo");
    await caller.start();
    assertEquals(await actors.request("a", "before"), "before");
    handled.length = 0;
    proxy.dropServerToClient({
      match: (chunk) => new TextDecoder().decode(chunk).includes(LOST),
    });
    const ask = (commandId: string | undefined, timeout: number) =>
      actors.request("a", LOST, { commandId, timeout });
    await body(ask, handled, proxy);
    proxy.passServerToClient();
  });
}

Deno.test("a command whose request is lost on the way is sent again", () =>
  withLoss("node", async (ask, handled, proxy) => {
    const answer = ask("c-1", 60_000);
    await waitFor(() => proxy.droppedBytes > 0);
    proxy.passServerToClient();
    assertEquals(await answer, LOST);
    assertEquals(handled, ["c-1"]);
  }));

Deno.test("a command whose answer is lost on the way is sent again", () =>
  withLoss("caller", async (ask, handled, proxy) => {
    const answer = ask("c-1", 60_000);
    await waitFor(() => proxy.droppedBytes > 0);
    proxy.passServerToClient();
    assertEquals(await answer, LOST);
    assertEquals(handled, ["c-1", "c-1"]); // it would recognise the second
  }));

Deno.test("a request that may not be sent again is not, and fails as unknown", () =>
  withLoss("caller", async (ask, handled) => {
    const error = await assertRejects(
      () => ask(undefined, 5_000),
      ActorTimeoutError,
    );
    assertEquals(error.begun, "unknown");
    assertEquals(handled, [undefined]);
  }));

Deno.test("a command that is handled for long is asked for again, and handled once", async () => {
  await withServer({}, async (server) => {
    await using stack = new AsyncDisposableStack();
    const open = async (options: ClusterManagerOptions) => {
      const nc = await connect(server);
      stack.defer(() => nc.close());
      return stack.use(new ClusterManager(nc, { ...OPTIONS, ...options }));
    };
    const gate = Promise.withResolvers<void>();
    const handled: string[] = [];
    const node = await open({});
    const kinds = ["ordered", "unordered"];
    for (const kind of kinds) {
      node.handle(kind, async () => {
        handled.push(kind);
        await gate.promise;
        return "done";
      }, { ordered: kind === "ordered" });
    }
    node.handle("ping", () => null);
    await node.start();
    const caller = await open({ role: "client" });
    await caller.start();
    await caller.ready;
    const { redirected } = caller.metrics;
    const answers = kinds.map((kind) =>
      caller.actors(kind)
        .request("a", null, { commandId: "c-1", timeout: 60_000 })
    );
    // Each twice.
    const isAsked = () => caller.metrics.redirected >= redirected + 4;
    await waitFor(isAsked, { timeout: 30_000 });
    await caller.actors("ping").request("a", null); // answered behind them
    gate.resolve();
    assertEquals(await Promise.all(answers), ["done", "done"]);
    assertEquals(handled, kinds);
  });
});

Deno.test("a request that arrives after it was sent again, and answered, is dropped", async () => {
  await withCluster({}, async (cluster) => {
    await using stack = new AsyncDisposableStack();
    const open = async (
      servers: readonly string[],
      options: ClusterManagerOptions,
    ) => {
      const nc = await connect(servers);
      stack.defer(() => nc.close());
      const lease = 5_000; // longer than a leader of the bucket is missing
      const all = { ...OPTIONS, lease, replicas: 3, ...options };
      return { nc, manager: stack.use(new ClusterManager(nc, all)) };
    };
    const [here, there] = cluster.servers as [NatsServer, NatsServer];
    const handled: unknown[] = [];
    const { manager: node } = await open([here.url], {});
    node.handle<string, void>("count", (_, what) => {
      handled.push(what);
    });
    await node.start();
    const { manager: caller, nc } = await open([there.url, here.url], {
      role: "client",
    });
    await caller.start();
    const actors = caller.actors<string, void>("count");
    await actors.request("a", "before", { timeout: 60_000 });
    // What is sent now stays in the server's socket until it runs again.
    await there.pause();
    const { outMsgs } = nc.stats();
    const commandId = "c-1";
    const answer = actors.request("a", "once", { commandId, timeout: 60_000 });
    await waitFor(() => nc.stats().outMsgs > outMsgs);
    await nc.reconnect();
    await answer;
    assertEquals(handled, ["before", "once"]);
    there.resume();
    await waitFor(() => node.metrics.expired === 1, { timeout: 30_000 });
    assertEquals(handled, ["before", "once"]);
  });
});
