/**
 * The theme of the election contract on following it.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeMeter } from "../fake_meter.ts";
import type { ElectionContract } from "./fixture.ts";

/** Registers the theme. */
export function followingContract({ test }: ElectionContract): void {
  test("changes() tells who leads, also nobody", async (fixture) => {
    const [leader, onlooker] = await fixture.elect(2);
    const seen: (string | undefined)[] = [];
    for await (const { leader: found } of onlooker!.changes()) {
      seen.push(found?.nodeId);
      if (found?.nodeId === leader.nodeId) await leader.close();
      if (found?.nodeId === onlooker!.nodeId) break;
    }
    assertEquals(seen.filter((id) => id !== undefined), [
      leader.nodeId,
      onlooker!.nodeId,
    ]);
  });

  test("changes() begins with what is known", async (fixture) => {
    const [leader] = await fixture.elect(1);
    const { nodeId, term } = leader;
    const { value } = await leader.changes().next();
    assertEquals(value, { leader: { nodeId, term: term! } });
  });

  test("terms() goes on with the next term", async (fixture) => {
    const election = await fixture.join();
    const terms: number[] = [];
    for await (const { term } of election.terms()) {
      terms.push(term);
      if (terms.length === 2) break;
      // Nobody else is there, so that it takes the lease again itself.
      election.release();
    }
    assert(terms[1]! > terms[0]!);
    assertEquals(election.metrics.terms, 2);
  });

  test("every iteration of terms() gets the term", async (fixture) => {
    const election = await fixture.join();
    const [a, b] = [election.terms(), election.terms()];
    const [first, second] = await Promise.all([a.next(), b.next()]);
    assertEquals(first, second);
    // One that has ended gets nothing more.
    await a.return?.();
    assertEquals(await a.next(), { done: true, value: undefined });
  });

  test("terms() and changes() end with their signal's reason", async (fixture) => {
    const election = await fixture.join();
    for (const follow of ["terms", "changes"] as const) {
      const controller = new AbortController();
      const { signal } = controller;
      const iterator = election[follow]({ signal });
      await iterator.next();
      const next = iterator.next();
      const reason = new Error("enough");
      controller.abort(reason);
      assertEquals(await assertRejects(() => next), reason);
      assertEquals((await iterator.next()).done, true);
      const late = election[follow]({ signal });
      assertEquals(await assertRejects(() => late.next()), reason);
    }
  });

  test("the meter is told who leads", async (fixture) => {
    const meter = new FakeMeter();
    const election = await fixture.join({ meter, name: "reports" });
    await election.terms().next();
    const attributes = {
      "aether.cluster": election.cluster,
      "aether.election": "reports",
    };
    assertEquals(meter.collect(), [[1, attributes]]);
    await election.close();
    assertEquals(meter.collect(), []);
    const told = new Map(meter.added.map(([name, value]) => [name, value]));
    assertEquals(told.get("aether.election.terms"), 1);
    assertEquals(told.get("aether.election.released"), 1);
  });
}
