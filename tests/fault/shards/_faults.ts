/**
 * What is done to members, and how long shards have no owner then.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { LeaseSettings } from "../../../cluster/lease/settings.ts";
import { waitFor } from "../../support/conditions.ts";
import type { TcpProxy } from "../../support/tcp_proxy.ts";
import type { Fleet, Gap, Member } from "./_fleet.ts";

/** How long a shard has no owner at most when its owner leaves, in milliseconds. */
const LEAVING = 1_000;

/** How long a gap is, in milliseconds. */
export function lengthOf({ from, to }: Gap): number {
  return Math.round(to - from);
}

/** Has a member leave in good order; gives how long a shard had no owner. */
export async function leave(
  fleet: Fleet,
  member: Member,
  { retry }: LeaseSettings,
): Promise<Gap> {
  const from = Date.now();
  member.signal("SIGTERM");
  await member.ended();
  const gap = await fleet.served(from);
  fleet.stalls.judge(gap.from, gap.to, {
    within: LEAVING,
    retry,
    blindAfter: Infinity,
  }, fleet.describe(from));
  return gap;
}

/**
 * Kills members at once; gives how long a shard had no owner.
 *
 * @param leases How many leases that takes at most.
 */
export async function kill(
  fleet: Fleet,
  members: readonly Member[],
  leases: number,
  { lease, retry }: LeaseSettings,
): Promise<Gap> {
  const from = Date.now();
  const owned = new Set(members.flatMap(({ owned }) => [...owned.keys()]));
  for (const each of members) each.signal("SIGKILL");
  await Promise.all(members.map((each) => each.ended()));
  await ownedByOthers(fleet, owned, members);
  const gap = await fleet.served(from);
  fleet.stalls.judge(gap.from, gap.to, {
    within: leases * lease + 4 * retry,
    retry,
    blindAfter: lease / 3,
  }, fleet.describe(from));
  return gap;
}

/** Stops a member for longer than its lease, while others take its shards. */
export async function pause(
  fleet: Fleet,
  member: Member,
  { lease }: LeaseSettings,
): Promise<Gap> {
  const from = Date.now();
  member.signal("SIGSTOP");
  const gap = await taken(fleet, member, () => member.signal("SIGCONT"));
  // It goes on: it writes down what it still takes for its own.
  const { admissions } = fleet;
  await waitFor(() =>
    fleet.admissions > admissions + 100 && Date.now() > from + lease
  );
  return gap;
}

/** Has a member hear nothing any more: it stops, and others take its shards. */
export async function deafen(
  fleet: Fleet,
  member: Member,
  proxy: TcpProxy,
): Promise<Gap> {
  proxy.dropServerToClient();
  return await taken(fleet, member, () => {
    proxy.passServerToClient();
    proxy.cut();
  });
}

/** Has nothing of what a member sends come through; others take its shards. */
export async function mute(
  fleet: Fleet,
  member: Member,
  proxy: TcpProxy,
): Promise<Gap> {
  proxy.pause("clientToServer");
  return await taken(fleet, member, () => proxy.unpause("clientToServer"));
}

/** Waits until others own a member's shards, and has it take part again. */
async function taken(
  fleet: Fleet,
  member: Member,
  mend: () => void,
): Promise<Gap> {
  const from = Date.now();
  await ownedByOthers(fleet, new Set(member.owned.keys()), [member]);
  const gap = fleet.gap(from);
  mend();
  await fleet.served(from);
  return gap;
}

/**
 * Replaces the members one by one, each by a new one before it leaves; gives
 * the longest time that a shard had no owner, and how often each has moved.
 */
export async function restartAll(
  fleet: Fleet,
  start: () => Promise<Member>,
  settings: LeaseSettings,
): Promise<{ gap: Gap; moves: number }> {
  const old = fleet.alive;
  const before = fleet.moves;
  let longest: Gap = { from: 0, to: 0 };
  for (const member of old) {
    await start();
    const gap = await leave(fleet, member, settings);
    if (lengthOf(gap) > lengthOf(longest)) longest = gap;
  }
  assert(old.every(({ owned }) => owned.size === 0));
  return { gap: longest, moves: (fleet.moves - before) / fleet.shards };
}

/** Waits until others own all of some shards. */
async function ownedByOthers(
  fleet: Fleet,
  shards: ReadonlySet<number>,
  members: readonly Member[],
): Promise<void> {
  const others = () => fleet.members.filter((each) => !members.includes(each));
  await waitFor(
    () =>
      [...shards].every((shard) =>
        others().some(({ owned }) => owned.has(shard))
      ),
    { timeout: 120_000, message: "others to take the shards" },
  );
}
