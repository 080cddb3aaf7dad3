/**
 * The rights of users whose programs have a cluster manager.
 */

import { assertEquals, assertRejects } from "@std/assert";
import {
  ClusterManager,
  type ClusterManagerOptions,
  eachEvent,
  PermissionDeniedError,
} from "../../cluster/mod.ts";
import { InMemoryEventStore } from "../../mod.ts";
import { actorOf } from "../support/cluster_contract/fixture.ts";
import {
  managerClientPermissions,
  managerPermissions,
} from "../support/cluster_permissions.ts";
import { waitFor } from "../support/conditions.ts";
import { connect } from "../support/nats_connect.ts";
import { NatsServer } from "../support/nats_server.ts";
import { type NatsPermissions, renderUser } from "../support/permissions.ts";

const CLUSTER = "default";
const INBOX = "_INBOX_app";
const SETTINGS = {
  lease: 800,
  hookTimeout: 30_000,
  startTimeout: 30_000,
  settle: 20,
  shards: 16,
  inboxPrefix: INBOX,
};
const REQUESTS = "aether.cluster.default.request";

/** A server with users that have these rights, and managers of theirs. */
class RightsFixture implements AsyncDisposable {
  readonly errors: unknown[] = [];
  readonly #stack = new AsyncDisposableStack();
  #server!: NatsServer;

  static async start(
    users: Readonly<Record<string, NatsPermissions>>,
  ): Promise<RightsFixture> {
    const fixture = new RightsFixture();
    const lines = Object.entries(users).map(([user, permissions]) =>
      renderUser(user, user, permissions)
    );
    const config = `authorization { users: [\n${lines.join("")}] }`;
    fixture.#server = fixture.#stack.use(await NatsServer.start({ config }));
    return fixture;
  }

  async make(
    user: string,
    options: ClusterManagerOptions,
  ): Promise<ClusterManager> {
    const nc = this.#stack.adopt(
      await connect(this.#server, { user, pass: user, inboxPrefix: INBOX }),
      (nc) => nc.close(),
    );
    const onError = (error: unknown) => this.errors.push(error);
    return this.#stack.use(
      new ClusterManager(nc, { ...SETTINGS, onError, ...options }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

Deno.test("managers need the rights that are listed, and no others", async () => {
  await using fixture = await RightsFixture.start({
    maker: managerPermissions(CLUSTER, INBOX, true),
    member: managerPermissions(CLUSTER, INBOX, false),
    client: managerClientPermissions(CLUSTER, INBOX),
  });
  await using store = new InMemoryEventStore();
  const handled = new Set<string>();
  const setUp = (manager: ClusterManager) => {
    manager.handle("name", () => manager.nodeId);
    const work = eachEvent(store, ({ event }) => {
      handled.add(event.actorId);
    }, { checkpointEvery: 20 });
    manager.forOwnedShards("a work: ü.*", work);
  };
  const maker = await fixture.make("maker", { nodeId: "a.*", create: true });
  const member = await fixture.make("member", { create: false });
  const client = await fixture.make("client", { role: "client" });
  for (const each of [maker, member]) setUp(each);
  await maker.start();
  await Promise.all([member.start(), client.start()]);
  await Promise.all([maker.ready, member.ready, client.ready]);
  for (const caller of [maker, member, client]) {
    const names = caller.actors<null, string>("name");
    for (const owner of [maker, member]) {
      const name = await names.request(actorOf(owner, true), null);
      assertEquals(name, owner.nodeId);
    }
  }
  for (let i = 0; i < 20; i++) {
    await store.append(`actor-${i}`, [{ eventType: "Happened", data: {} }]);
  }
  await waitFor(() => handled.size === 20);
  await maker.leave();
  await waitFor(() => member.shards().length === 16);
  assertEquals(await client.actors("name").request("x", null), member.nodeId);
  assertEquals(fixture.errors, []);
});

Deno.test("start() fails at once if a right to requests or checkpoints is missing", async () => {
  const all = managerPermissions(CLUSTER, INBOX, true);
  const without = (list: "publish" | "subscribe", subject: string) => ({
    ...all,
    [list]: all[list].filter((each) => each !== subject),
  });
  const bucket = "$KV.AETHER_CLUSTER_default.*";
  const users = {
    sender: without("publish", `${REQUESTS}.*.*`),
    receiver: without("subscribe", `${REQUESTS}.*.*`),
    answerer: without("publish", `${INBOX}.>`),
    worker: without("publish", `${bucket}.checkpoint.*.*`),
    client: managerClientPermissions("other", INBOX),
  };
  await using fixture = await RightsFixture.start({ ...users, maker: all });
  const maker = await fixture.make("maker", { nodeId: "maker" });
  await maker.start();
  await maker.ready;
  await using store = new InMemoryEventStore();
  const expected = {
    sender: `publish ${REQUESTS}.`,
    receiver: `subscribe ${REQUESTS}.`,
    answerer: `publish ${INBOX}.`,
    worker: "publish $KV.AETHER_CLUSTER_default.",
    client: "publish $JS.API.",
  };
  for (const user of Object.keys(users) as (keyof typeof users)[]) {
    const role = user === "client" ? "client" : "member";
    const manager = await fixture.make(user, {
      role,
      create: role === "member",
    });
    if (role === "member") {
      manager.forOwnedShards("work", eachEvent(store, () => {}));
    }
    const { operation, subject, message } = await assertRejects(
      () => manager.start(),
      PermissionDeniedError,
      "Cannot start cluster: ",
    );
    const text = `${operation} ${subject}`;
    assertEquals(text.slice(0, expected[user].length), expected[user], message);
    await assertRejects(() => manager.left, PermissionDeniedError);
  }
  // None of them was ever seen.
  assertEquals(maker.nodes().map(({ id }) => id), ["maker"]);
  assertEquals(fixture.errors, []);
});

Deno.test("a sender that may do everything reaches no cluster of another name", async () => {
  await using fixture = await RightsFixture.start({
    all: { publish: [">"], subscribe: [">"] },
  });
  const names = ["x", "x.y", "*", ">", "x*", "X", "x_2Ey", "default"];
  const managers = await Promise.all(names.map(async (cluster) => {
    const options = { cluster, nodeId: "node", create: true };
    const manager = await fixture.make("all", options);
    manager.handle("cluster", () => cluster);
    await manager.start();
    return manager;
  }));
  await Promise.all(managers.map(({ ready }) => ready));
  for (const [i, manager] of managers.entries()) {
    const client = await fixture.make("all", {
      cluster: names[i]!,
      role: "client",
    });
    await client.start();
    for (const caller of [manager, client]) {
      const found = await caller.actors("cluster").request("actor", null);
      assertEquals(found, names[i]);
    }
  }
  const handled = managers.map(({ metrics }) => metrics.handled);
  assertEquals(handled, names.map(() => 2));
  assertEquals(fixture.errors, []);
});
