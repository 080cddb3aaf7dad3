/**
 * The theme of the discovery contract on leaving.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { NodeLeftError } from "../../../cluster/mod.ts";
import { waitFor } from "../conditions.ts";
import { BrokenMeter } from "../fake_meter.ts";
import { type DiscoveryContract, seesReady } from "./fixture.ts";

/** Registers the theme. */
export function discoveryLeavingContract({ test }: DiscoveryContract): void {
  test("a member that leaves is gone for all, whoever leads", async (fixture) => {
    let all = await fixture.form(5);
    while (all.length > 1) {
      const [first, ...others] = all;
      await first!.leave();
      for (const each of others) {
        await seesReady(each, others.map(({ nodeId }) => nodeId));
      }
      all = others;
    }
  });

  test("one of several that leave at once sees all of them go", async (fixture) => {
    const [rest, ...others] = await fixture.form(5);
    await Promise.all(others.map((each) => each.leave()));
    await seesReady(rest!, ["node-0"]);
  });

  test("a node whose join() fails at its end is not there", async (fixture) => {
    const meter = new BrokenMeter();
    const failing = () => fixture.join({ nodeId: "fails", meter });
    await assertRejects(failing, Error, "no meter today");
    await fixture.form(2);
  });

  test("an id may be used again at once after leave()", async (fixture) => {
    const [a, b] = await fixture.form(2);
    const [before] = a!.nodes().filter(({ id }) => id === "node-1");
    await b!.leave();
    const again = await fixture.join({ nodeId: "node-1" });
    await again.ready;
    await seesReady(a!, ["node-0", "node-1"]);
    const [after] = a!.nodes().filter(({ id }) => id === "node-1");
    assert(before!.incarnation !== after!.incarnation);
  });

  test("members that come and go again and again do no harm", async (fixture) => {
    const [rest] = await fixture.form(2);
    for (let round = 0; round < 10; round++) {
      const guest = await fixture.join({ nodeId: "guest" });
      if (round % 2 === 0) await guest.ready;
      await guest.leave();
    }
    await seesReady(rest!, ["node-0", "node-1"]);
    assertEquals(rest!.metrics.lost, 0);
  });

  test("leave() ends what follows the cluster", async (fixture) => {
    const [a] = await fixture.form(1);
    const client = await fixture.join({ role: "client" });
    await client.ready;
    for (const discovery of [a!, client]) {
      const changes = discovery.changes();
      await changes.next();
      const end = changes.next();
      await discovery.leave();
      assertEquals((await end).done, true);
      assertEquals((await changes.next()).done, true);
      assertEquals(discovery.nodes(), []);
      await discovery.ready;
    }
  });

  test("leave() is harmless the second time", async (fixture) => {
    const [a] = await fixture.form(1);
    await Promise.all([a!.leave(), a!.leave()]);
    await a![Symbol.asyncDispose]();
  });

  test("leave() rejects `ready` if the node was not", async (fixture) => {
    const client = await fixture.join({ role: "client" });
    await client.leave(); // there is no map yet
    await assertRejects(
      () => client.ready,
      NodeLeftError,
      "Cannot become ready: the node has left the cluster",
    );
  });

  test("the last node may leave, and others may come", async (fixture) => {
    for (let round = 0; round < 3; round++) {
      const [a, b] = await fixture.form(2);
      await waitFor(() => a!.nodes().length === 2);
      await Promise.all([a!.leave(), b!.leave()]);
    }
  });
}
