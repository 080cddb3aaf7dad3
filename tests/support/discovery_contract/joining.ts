/**
 * The theme of the discovery contract on joining, and on seeing others.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import {
  ClusterMismatchError,
  type ClusterNode,
  NodeIdTakenError,
} from "../../../cluster/mod.ts";
import { FakeMeter } from "../fake_meter.ts";
import { type DiscoveryContract, seesReady } from "./fixture.ts";

/** Registers the theme. */
export function joiningContract({ test }: DiscoveryContract): void {
  test("a member that is alone sees itself", async (fixture) => {
    const discovery = await fixture.join({
      nodeId: "a",
      weight: 2.5,
      appVersion: "1.2.0",
      roles: ["web", "worker"],
      metadata: { address: "10.0.0.7:80" },
    });
    await discovery.ready;
    const [{ incarnation, ...node }, ...others] = discovery.nodes() as [
      ClusterNode,
    ];
    assertEquals(others, []);
    assertNotEquals(incarnation, "");
    assertEquals(node, {
      id: "a",
      state: "ready",
      weight: 2.5,
      appVersion: "1.2.0",
      roles: ["web", "worker"],
      metadata: { address: "10.0.0.7:80" },
    });
  });

  test("all members see each other in the same order", async (fixture) => {
    const all = await fixture.form(5);
    const seen = all.map((each) => each.nodes());
    for (const nodes of seen) assertEquals(nodes, seen[0]);
  });

  test("nodes have random ids by default", async (fixture) => {
    const [a, b] = [await fixture.join(), await fixture.join()];
    assertNotEquals(a.nodeId, b.nodeId);
    await seesReady(a, [a.nodeId, b.nodeId]);
  });

  test("a client sees members, and nobody sees it", async (fixture) => {
    const client = await fixture.join({ role: "client" });
    const member = await fixture.join({ nodeId: "member" });
    await client.ready;
    await seesReady(client, ["member"]);
    assertEquals(member.nodes(), client.nodes());
    const late = await fixture.join({ role: "client" });
    await late.ready;
    assertEquals(late.nodes(), member.nodes());
  });

  test("changes() begins with what is known and follows joins", async (fixture) => {
    const a = await fixture.join({ nodeId: "a" });
    await a.ready;
    const seen: string[] = [];
    for await (const nodes of a.changes()) {
      const text = nodes.map(({ id, state }) => `${id} ${state}`).join();
      assert(!seen.includes(text), `${text} comes again`);
      seen.push(text);
      if (seen.length === 1) await fixture.join({ nodeId: "b" });
      if (text === "a ready,b ready") break;
    }
    assertEquals(seen[0], "a ready");
  });

  test("changes() ends with its signal's reason", async (fixture) => {
    const a = await fixture.join();
    await a.ready;
    const controller = new AbortController();
    const changes = a.changes({ signal: controller.signal });
    await changes.next();
    const next = changes.next();
    const reason = new Error("enough");
    controller.abort(reason);
    assertEquals(await assertRejects(() => next), reason);
  });

  test("what a node is told cannot be changed", async (fixture) => {
    const roles = ["web"];
    const a = await fixture.join({ roles, metadata: { x: "1" } });
    roles.push("worker");
    await a.ready;
    const [node] = a.nodes() as [ClusterNode];
    assertEquals(node.roles, ["web"]);
    assert(Object.isFrozen(a.nodes()));
    for (const value of [node, node.roles, node.metadata]) {
      assert(Object.isFrozen(value));
    }
  });

  test("a second member with the id of one that is alive is refused", async (fixture) => {
    const first = await fixture.join({ nodeId: "same" });
    await first.ready;
    const error = await assertRejects(
      () => fixture.join({ nodeId: "same" }),
      NodeIdTakenError,
      'Cannot join cluster as node "same": a process that is alive has this id',
    );
    assertEquals([error.nodeId, error.code], ["same", "alive"]);
    await seesReady(first, ["same"]);
    assertEquals(first.metrics.lost, 0);
  });

  test("another deployment is refused with what differs", async (fixture) => {
    await fixture.join({ deployment: "orders-production" });
    for (const deployment of ["orders-staging", undefined]) {
      const error = await assertRejects(
        () => fixture.join({ deployment }),
        ClusterMismatchError,
        'deployment: the cluster has "orders-production", this node',
      );
      assertEquals(error.differences, [{
        setting: "deployment",
        expected: deployment ?? "",
        found: "orders-production",
      }]);
    }
    await fixture.join({ deployment: "orders-production" });
    await fixture.join({ role: "client", deployment: "orders-production" });
    await fixture.join({ role: "client" });
    await assertRejects(
      () => fixture.join({ role: "client", deployment: "orders" }),
      ClusterMismatchError,
    );
  });

  test("nodes of different clusters know nothing of each other", async (fixture) => {
    const a = await fixture.join({ nodeId: "same" });
    const cluster = crypto.randomUUID();
    const b = await fixture.join({ nodeId: "same", cluster });
    await Promise.all([a.ready, b.ready]);
    assertEquals([a.nodes().length, b.nodes().length], [1, 1]);
  });

  test("the meter is told who leads", async (fixture) => {
    const meter = new FakeMeter();
    const a = await fixture.join({ meter });
    await a.ready;
    const attributes = { "aether.cluster": a.cluster };
    assertEquals(meter.collect(), [[1, attributes]]);
    await a.leave();
    assertEquals(meter.collect(), []);
    const told = new Map(meter.added.map(([name, value]) => [name, value]));
    assertEquals(told.get("aether.cluster.maps"), a.metrics.maps);
    assert(a.metrics.maps > 0);
  });
}
