/**
 * The theme of the cluster contract on arguments and on states.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type ClusterManager,
  type LocalClusterManagerOptions,
  NodeLeftError,
} from "../../../cluster/mod.ts";
import { actorOf, type ClusterContract } from "./fixture.ts";

const OPTIONS: readonly [
  options: Record<string, unknown>,
  type: typeof TypeError | typeof RangeError,
  text: string,
][] = [
  [{ shards: 0 }, RangeError, "shards must be an integer from 1"],
  [{ maxQueued: 0 }, RangeError, "maxQueued must be"],
  [{ maxQueuedPerActor: "1" }, TypeError, "maxQueuedPerActor must be a number"],
  [{ activeSpan: 1 }, TypeError, "activeSpan must be a function"],
  [{ maxQueue: 1 }, TypeError, "did you mean maxQueued?"],
];

const REQUESTS: readonly [
  options: Record<string, unknown>,
  type: typeof TypeError | typeof RangeError,
  text: string,
][] = [
  [{ timeout: 0 }, RangeError, "timeout must be"],
  [{ timeout: "1" }, TypeError, "timeout must be a number"],
  [{ commandId: "" }, RangeError, "commandId must be 1 to 256 characters"],
  [{ commandId: "x".repeat(257) }, RangeError, "commandId must be"],
  [{ idempotent: 1 }, TypeError, "idempotent must be a boolean"],
  [{ signal: {} }, TypeError, "signal must be an AbortSignal"],
  [{ timeOut: 1 }, TypeError, "did you mean timeout?"],
];

const echo = (manager: ClusterManager) =>
  manager.handle<unknown, unknown>("echo", (_, payload) => payload);

/** Registers the theme. */
export function clusterArgumentsContract({ test }: ClusterContract): void {
  test("making it refuses options that are not valid", (fixture) => {
    for (const [options, type, text] of OPTIONS) {
      assertThrows(
        () => fixture.make(options as LocalClusterManagerOptions),
        type,
        text,
      );
    }
    return Promise.resolve();
  });

  test("handle() refuses what is not valid, or comes too late", async (fixture) => {
    const manager = fixture.make();
    echo(manager);
    assertThrows(() => echo(manager), TypeError, "is registered already");
    assertThrows(() => manager.handle("", () => 1), RangeError, "kind must be");
    assertThrows(
      () => manager.handle("x", 1 as never),
      TypeError,
      "handler must be a function",
    );
    assertThrows(
      () => manager.handle("x", () => 1, { orderd: true } as object),
      TypeError,
      "did you mean ordered?",
    );
    await manager.start();
    assertThrows(
      () => manager.handle("late", () => 1),
      TypeError,
      "Cannot register handler: the cluster was started",
    );
  });

  test("request() refuses arguments that are not valid", async (fixture) => {
    const [manager] = await fixture.form(1, echo);
    const actors = manager!.actors("echo");
    for (const [options, type, text] of REQUESTS) {
      await assertRejects(() => actors.request("a", 1, options), type, text);
    }
    for (const id of ["", "\ud800", "x".repeat(3000), 1 as never]) {
      await assertRejects(() => actors.request(id, 1), Error, "Cannot request");
    }
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    await assertRejects(
      () => actors.request("a", loop),
      TypeError,
      "payload.self must be JSON, got a cycle",
    );
  });

  test("nothing is asked of one that has not started, or has left", async (fixture) => {
    const manager = fixture.make();
    const actors = echo(manager);
    await assertRejects(
      () => actors.request("a", 1),
      TypeError,
      "Cannot request actor: the cluster was not started",
    );
    assertThrows(() => manager.ownerOf("a"), TypeError, "was not started");
    assertEquals(manager.health().state, "new");
    assertEquals([manager.shards(), manager.nodes()], [[], []]);
    for (const timeout of [-1, 2 ** 31]) {
      await assertRejects(
        () => manager.leave({ timeout }),
        RangeError,
        "Cannot leave cluster: timeout must be an integer from 0 to 2147483647",
      );
    }
    await manager.leave();
    await manager.leave();
    await manager.left;
    assertEquals(manager.health().state, "left");
    await assertRejects(() => actors.request("a", 1), NodeLeftError);
    await assertRejects(() => manager.start(), NodeLeftError);
    await assertRejects(() => manager.ready, NodeLeftError);
  });

  test("it tells how it is", async (fixture) => {
    const [one, two] = await fixture.form(2, echo) as [
      ClusterManager,
      ClusterManager,
    ];
    await Promise.all([one.ready, two.ready]);
    assertEquals(one.isLeader() !== two.isLeader(), true);
    assertEquals(one.nodes().map(({ id }) => id).sort(), ["node-0", "node-1"]);
    const { state, isReady, owned, error } = one.health();
    assertEquals(
      { state, isReady, owned, error },
      { state: "running", isReady: true, owned: 8, error: undefined },
    );
    await one.actors("echo").request(actorOf(one, true), 1);
    await one.actors("echo").request(actorOf(one, false), 1);
    assertEquals(one.metrics.answered, 2);
    assertEquals(one.metrics.handled, 1);
    assertEquals(two.metrics.handled, 1);
    assertEquals(one.metrics.owned, 8);
    for await (const nodes of two.changes()) {
      assertEquals(nodes.length, 2);
      break;
    }
    await two.leave();
    assert(two.metrics.handled === 1, "its numbers stay");
  });
}
