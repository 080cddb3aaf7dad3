/**
 * The theme of the election contract on its end.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { ElectionClosedError } from "../../../cluster/mod.ts";
import type { ElectionContract } from "./fixture.ts";

/** Registers the theme. */
export function closingContract({ test }: ElectionContract): void {
  test("close() ends what follows the election", async (fixture) => {
    const [leader, other] = await fixture.elect(2);
    for (const election of [leader, other!]) {
      const [terms, changes] = [election.terms(), election.changes()];
      if (election === leader) await terms.next();
      await changes.next();
      const ends = Promise.all([terms.next(), changes.next()]);
      await election.close();
      await ends;
      assertEquals((await terms.next()).done, true);
      assertEquals((await changes.next()).done, true);
      assertEquals((await election.terms().next()).done, true);
      assertEquals(election.isLeader(), false);
      assertEquals(election.term, undefined);
      assertEquals(election.leader, undefined);
    }
  });

  test("close() is harmless the second time", async (fixture) => {
    const [leader] = await fixture.elect(1);
    await Promise.all([leader.close(), leader.close()]);
    await leader[Symbol.asyncDispose]();
    await assertRejects(
      () => leader.release(),
      ElectionClosedError,
      "Cannot release leadership: the election is closed",
    );
  });

  test("what a listener throws breaks nothing", async (fixture) => {
    const errors: unknown[] = [];
    const election = await fixture.join({
      activeSpan: () => {
        throw new Error("no span");
      },
      onError: (error) => {
        errors.push(error);
        throw error;
      },
    });
    await election.terms().next();
    assertEquals(election.isLeader(), true);
    assertEquals(errors.map((error) => (error as Error).message), ["no span"]);
  });
}
