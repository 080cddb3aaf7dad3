/**
 * What is done to candidates and to their servers.
 *
 * @module
 */

import { assertNotEquals } from "@std/assert";
import type { LeaseSettings } from "../../../cluster/lease/settings.ts";
import { waitFor } from "../../support/conditions.ts";
import type { NatsServer } from "../../support/nats_server.ts";
import type { TcpProxy } from "../../support/tcp_proxy.ts";
import type { Fleet } from "./_fleet.ts";

/** What a fault has shown. */
export interface Finding {
  /** Until somebody led again, in milliseconds. */
  readonly gap: number;
}

/** Kills the leader; another one leads after a lease and two looks. */
export async function killLeader(
  fleet: Fleet,
  { lease, retry }: LeaseSettings,
): Promise<Finding> {
  const { leader } = await fleet.leader();
  leader.signal("SIGKILL");
  await leader.ended();
  const next = await fleet.leaderAfter(leader.lastLed);
  const gap = next.from - leader.lastLed;
  assertNotEquals(next.leader, leader);
  fleet.stalls.judge(leader.lastLed, next.from, {
    within: lease + 2 * retry,
    retry,
    blindAfter: lease / 3,
  }, `a leader after ${leader.node}`);
  return { gap };
}

/** Stops the leader for longer than its lease; another one leads meanwhile. */
export async function pauseLeader(fleet: Fleet): Promise<Finding> {
  const { leader } = await fleet.leader();
  leader.signal("SIGSTOP");
  const next = await waitFor(async () => {
    const found = await fleet.leaderAfter(0);
    return found.leader !== leader && found;
  }, { timeout: 60_000, message: "another leader" });
  const gap = next.from - leader.lastLed;
  const { admissions } = fleet;
  leader.signal("SIGCONT");
  // Both go on: the one that was stopped writes down what it still takes for
  // its own, before or after it has looked.
  await waitFor(() => fleet.admissions > admissions + 100, {
    message: "the leaders to go on",
  });
  return { gap };
}

/** Has the leader leave in good order; another one leads at once. */
export async function stopLeader(
  fleet: Fleet,
  { retry }: LeaseSettings,
): Promise<Finding> {
  const { leader } = await fleet.leader();
  leader.signal("SIGTERM");
  await leader.ended();
  const next = await fleet.leaderAfter(leader.lastLed);
  const gap = next.from - leader.lastLed;
  assertNotEquals(next.leader, leader);
  fleet.stalls.judge(leader.lastLed, next.from, {
    within: 2 * retry,
    retry,
    blindAfter: Infinity,
  }, `a leader after ${leader.node}`);
  return { gap };
}

/**
 * Has what the server sends to the leader get lost, though the leader's
 * requests arrive; another one leads, and the leader takes part again after.
 */
export async function cutReplies(
  fleet: Fleet,
  proxies: ReadonlyMap<string, TcpProxy>,
): Promise<Finding> {
  const { leader } = await fleet.leader();
  const proxy = proxies.get(leader.node)!;
  proxy.dropServerToClient();
  const next = await waitFor(async () => {
    const found = await fleet.leaderAfter(0);
    return found.leader !== leader && found;
  }, { timeout: 60_000, message: "another leader" });
  const gap = next.from - leader.lastLed;
  proxy.cut();
  proxy.passServerToClient();
  return { gap };
}

/** What a blow to a server has shown. */
export interface Blow {
  /** How long the leader's requests were not answered, in milliseconds. */
  readonly silence: number;
  /** Whether the same node still leads, in the same term. */
  readonly isSame: boolean;
}

/** Does something to a server while somebody leads; somebody leads again. */
export async function strike(
  fleet: Fleet,
  server: NatsServer,
  blow: "kill" | "pause",
  settling: number,
): Promise<Blow> {
  const { leader, term } = await fleet.leader();
  leader.silence = 0;
  await server[blow]();
  // For so long it might still lapse, and another one come to lead.
  const after = await fleet.leaderAfter(Date.now() + settling);
  if (blow === "kill") await server.restart();
  else server.resume();
  const { silence } = leader;
  return { silence, isSame: after.leader === leader && after.term === term };
}
