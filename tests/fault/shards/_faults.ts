/**
 * What is done to members, and how long shards have no owner then.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { LeaseSettings } from "../../../cluster/lease/settings.ts";
import { waitFor } from "../../support/conditions.ts";
import type { Fleet, Member } from "./_fleet.ts";

/** Milliseconds a busy machine may be late by. */
export const SLACK = 5_000;

/** Has a member leave in good order; gives how long a shard had no owner. */
export async function leave(fleet: Fleet, member: Member): Promise<number> {
  const from = Date.now();
  member.signal("SIGTERM");
  await member.ended();
  const gap = await fleet.served(Date.now());
  const own = Math.min(gap, await fleet.served(from));
  assert(own <= 1_000 + SLACK, `${own} ms\n${fleet.describe(from)}`);
  return own;
}

/** Kills members at once; gives how long a shard had no owner. */
export async function kill(
  fleet: Fleet,
  members: readonly Member[],
  leases: number,
  { lease, retry }: LeaseSettings,
): Promise<number> {
  const from = Date.now();
  for (const each of members) each.signal("SIGKILL");
  await Promise.all(members.map((each) => each.ended()));
  await waitFor(async () => {
    await fleet.served(from + lease);
    return fleet.members.some(({ owned }) => owned.size > 0);
  }, { timeout: 3 * leases * lease + 10_000 });
  const gap = await fleet.served(from);
  const most = leases * lease + 4 * retry + SLACK;
  assert(gap <= most, `${gap} ms, not ${most}\n${fleet.describe(from)}`);
  return gap;
}

/** Stops a member for longer than its lease, while others take its shards. */
export async function pause(
  fleet: Fleet,
  member: Member,
  { lease }: LeaseSettings,
): Promise<number> {
  const from = Date.now();
  const shards = [...member.owned.keys()];
  member.signal("SIGSTOP");
  await waitFor(
    () =>
      shards.every((shard) =>
        fleet.members.some((each) => each !== member && each.owned.has(shard))
      ),
    { timeout: 60_000, message: "others to take the shards" },
  );
  const { admissions } = fleet;
  member.signal("SIGCONT");
  // It goes on: it writes down what it still takes for its own.
  await waitFor(() =>
    fleet.admissions > admissions + 100 && Date.now() > from + lease
  );
  return await fleet.served(from);
}
