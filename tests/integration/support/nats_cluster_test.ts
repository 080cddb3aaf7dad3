import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { waitFor } from "../../support/conditions.ts";
import { NatsCluster } from "../../support/nats_cluster.ts";
import { connect, connectWs } from "../../support/nats_connect.ts";
import { withCluster } from "../../support/with_server.ts";

Deno.test("NatsCluster makes replicated streams, and another leads when the leader is killed or paused", () =>
  withCluster({ websocket: true }, async (cluster) => {
    assertEquals(cluster.servers.map(({ name }) => name), ["n1", "n2", "n3"]);
    assertEquals(cluster.server("n2"), cluster.servers[1]);
    assertThrows(() => cluster.server("n4"), RangeError);
    await using nc = await connect(cluster);
    const jsm = await jetstreamManager(nc);
    assertEquals(await cluster.leaderOf("events"), undefined);
    await jsm.streams.add({
      name: "events",
      subjects: ["ev.>"],
      num_replicas: 3,
    });
    // The server that this connection is to may not have heard yet which of the
    // others takes "ev.>": it then answers that nobody does, and stores nothing.
    await waitFor(() => jetstream(nc).publish("ev.1", "one", { msgID: "one" }));
    const leader = await cluster.waitForLeader("events");
    await cluster.waitForCurrent("events");
    const info = await jsm.streams.info("events");
    assertEquals(leader.name, info.cluster?.leader);
    const followers = await cluster.followersOf("events");
    assertEquals(
      [leader, ...followers].map(({ name }) => name).sort(),
      ["n1", "n2", "n3"],
    );

    await leader.kill();
    const second = await cluster.waitForLeader("events", { not: leader });
    assertNotEquals(second.name, leader.name);
    await leader.restart();
    await cluster.waitForPeers();
    await cluster.waitForCurrent("events");

    await second.pause();
    const third = await cluster.waitForLeader("events", { not: second });
    second.resume();
    await cluster.waitForCurrent("events");
    assertNotEquals(third.name, second.name);
    assert(third.running);
    await waitFor(async () =>
      (await jsm.streams.info("events")).state.messages === 1
    );
  }));

Deno.test("NatsCluster takes a size and options for each server, and disposes twice", async () => {
  await using cluster = await NatsCluster.start({
    size: 2,
    jetstream: false,
    websocket: true,
    config: "max_payload: 2048",
  });
  await using first = await connectWs(cluster.wsUrls[0]!);
  await using second = await connectWs(cluster.wsUrls[1]!);
  assertEquals(first.info?.max_payload, 2048);
  const subscription = second.subscribe("greeting", { max: 1 });
  await second.flush();
  const heard = (async () => {
    for await (const message of subscription) return message.string();
  })();
  let done = false;
  heard.then(() => done = true);
  // The second server tells the first of its subscription in its own time.
  await waitFor(async () => {
    first.publish("greeting", "hello");
    await first.flush();
    return done;
  });
  assertEquals(await heard, "hello");
  await first.close();
  await second.close();
  await cluster[Symbol.asyncDispose]();
  assert(cluster.servers.every(({ pid }) => pid === undefined));
});
