/**
 * The theme of the election contract on who leads.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  type LeaderElection,
  LeadershipEndedError,
  type LeadershipTerm,
} from "../../../cluster/mod.ts";
import { waitFor } from "../conditions.ts";
import { type ElectionContract, leaderOf } from "./fixture.ts";

/** The term that an election leads in now. */
async function termOf(election: LeaderElection): Promise<LeadershipTerm> {
  for await (const term of election.terms()) return term;
  throw new Error("closed");
}

/** Registers the theme. */
export function leadingContract({ test }: ElectionContract): void {
  test("one candidate comes to lead", async (fixture) => {
    const election = await fixture.join({ nodeId: "a" });
    const { term, signal } = await termOf(election);
    assertEquals(election.isLeader(), true);
    assertEquals(election.term, term);
    assertEquals(signal.aborted, false);
    assertEquals(election.leader, { nodeId: "a", term });
    assertEquals(election.metrics.terms, 1);
  });

  test("no two of several candidates lead", async (fixture) => {
    const all = await fixture.elect(5);
    const [leader, ...others] = all;
    assertEquals(
      others.map((each) => each.isLeader()),
      others.map(() => false),
    );
    assertEquals(others.map(({ term }) => term), others.map(() => undefined));
    const { nodeId, term } = leader;
    await waitFor(
      () => all.every(({ leader }) => leader?.nodeId === nodeId),
      { message: "all to know the leader" },
    );
    assertEquals(all.map(({ leader }) => leader?.term), all.map(() => term));
  });

  test("a leader that closes is followed at a higher term", async (fixture) => {
    let all: LeaderElection[] = await fixture.elect(4);
    let last = 0;
    while (all.length > 0) {
      const leader = await leaderOf(all);
      const { term, signal } = await termOf(leader);
      assert(term > last, `${term} is not above ${last}`);
      last = term;
      await leader.close();
      assertEquals(leader.isLeader(), false);
      assert(signal.aborted);
      all = all.filter((each) => each !== leader);
    }
  });

  test("release() ends the term and lets another one in", async (fixture) => {
    const [leader, other] = await fixture.elect(2);
    const { term, signal } = await termOf(leader);
    const released = leader.release();
    assertEquals(leader.isLeader(), false);
    assertEquals(leader.term, undefined);
    const { reason } = signal;
    assertInstanceOf(reason, LeadershipEndedError);
    assertEquals([reason.term, reason.code], [term, "released"]);
    await released;
    const next = await termOf(other!);
    assert(next.term > term);
    assertEquals(leader.metrics.released, 1);
    await waitFor(() => leader.leader?.nodeId === other!.nodeId);
    // It is a candidate as before.
    await other!.close();
    assert((await termOf(leader)).term > next.term);
  });

  test("release() lets nobody in before the work on a term ends", async (fixture) => {
    const [leader, other] = await fixture.elect(2);
    const begun = Promise.withResolvers<void>();
    const work = Promise.withResolvers<void>();
    const working = (async () => {
      for await (const _ of leader.terms()) {
        begun.resolve();
        await work.promise;
        break;
      }
    })();
    await begun.promise;
    await leader.release();
    assertEquals(leader.isLeader(), false);
    // Others have looked meanwhile, and were not let in.
    const { requests } = other!.metrics;
    await waitFor(() => other!.metrics.requests > requests + 1);
    assertEquals(other!.isLeader(), false);
    work.resolve();
    await working;
    await termOf(other!);
  });

  test("release() is harmless without leadership", async (fixture) => {
    const [leader, other] = await fixture.elect(2);
    await other!.release();
    assertEquals(leader.isLeader(), true);
    assertEquals(other!.metrics.released, 0);
    await Promise.all([leader.release(), leader.release()]);
    assertEquals(leader.metrics.released, 1);
  });

  test("elections of other names and clusters are apart", async (fixture) => {
    const all = await Promise.all([
      fixture.join(),
      fixture.join({ name: "other" }),
      fixture.join({ cluster: crypto.randomUUID() }),
    ]);
    await waitFor(() => all.every((each) => each.isLeader()), {
      message: "every election to have a leader",
    });
  });

  test("two nodes of one id take turns", async (fixture) => {
    const all = await Promise.all(
      [1, 2].map(() => fixture.join({ nodeId: "same" })),
    );
    const leader = await leaderOf(all);
    const other = all.find((each) => each !== leader)!;
    assertEquals(other.isLeader(), false);
    await leader.close();
    await termOf(other);
  });
}
