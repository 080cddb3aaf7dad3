/**
 * The theme of the shard contract on arguments.
 *
 * @module
 */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  ClusterMismatchError,
  ClusterUnknownError,
  type LocalShardManagerOptions,
} from "../../../cluster/mod.ts";
import { type ShardContract, SHARDS } from "./fixture.ts";

/** Options that are refused, with the error's class and a part of its text. */
const REFUSED: readonly [
  options: Record<string, unknown>,
  type: typeof TypeError | typeof RangeError,
  text: string,
][] = [
  [{ shards: "8" }, TypeError, "shards must be a number"],
  [{ shards: 0 }, RangeError, "shards must be an integer from 1 to 65536"],
  [{ shards: 65_537 }, RangeError, "shards must be an integer from 1 to 65536"],
  [{ onShardAcquired: 1 }, TypeError, "onShardAcquired must be a function"],
  [{ onShardReleased: 1 }, TypeError, "onShardReleased must be a function"],
  [{ hookTimeout: 0 }, RangeError, "hookTimeout must be"],
  [{ hookTimeout: 2 ** 31 }, RangeError, "hookTimeout must be"],
  [{ weight: 0 }, RangeError, "weight must be a number from 0.01 to 100"],
  [{ onShardAquired: 1 }, TypeError, "did you mean onShardAcquired?"],
];

/** Registers the theme. */
export function shardArgumentsContract({ test }: ShardContract): void {
  test("join() refuses options that are not valid", async (fixture) => {
    for (const [options, type, text] of REFUSED) {
      await assertRejects(
        () => fixture.join(options as LocalShardManagerOptions),
        type,
        text,
      );
    }
  });

  test("methods refuse what is no shard or id", async (fixture) => {
    const [manager] = await fixture.form(1);
    for (const shard of [-1, SHARDS, 0.5, NaN]) {
      assertThrows(() => manager!.isOwner(shard), RangeError, "from 0 to 63");
    }
    const bad = 1 as unknown as string;
    assertThrows(() => manager!.isOwner("1" as unknown as number), TypeError);
    assertThrows(() => manager!.shardOf(bad), TypeError, "actorId must be");
    const none = undefined as unknown as string;
    assertThrows(() => manager!.ownerOf(none), TypeError, "actorId must be");
    assertThrows(() => manager!.ownerOf(SHARDS), RangeError, "from 0 to 63");
    for (const timeout of [-1, 2 ** 31]) {
      await assertRejects(
        () => manager!.leave({ timeout }),
        RangeError,
        "Cannot leave cluster: timeout must be an integer from 0 to 2147483647",
      );
    }
  });

  test("shardOf() is the same in every process, for ever", async (fixture) => {
    const [manager] = await fixture.form(1);
    const ids = ["", "order-1", "order-2", "Bestellung-ü", "🦉"];
    const shards = ids.map((id) => manager!.shardOf(id));
    assertEquals(shards, [11, 28, 0, 43, 11]);
  });

  test("another number of shards is refused", async (fixture) => {
    await fixture.join();
    const error = await assertRejects(
      () => fixture.join({ shards: SHARDS + 1 }),
      ClusterMismatchError,
      "shards: the cluster has 64, this node 65",
    );
    assertEquals(error.differences, [
      { setting: "shards", expected: 65, found: 64 },
    ]);
  });

  test("a client knows no shards before it has seen the cluster", async (fixture) => {
    const client = await fixture.join({ role: "client" });
    for (const call of ["shardOf", "ownerOf"] as const) {
      assertThrows(
        () => client[call]("order-1"),
        ClusterUnknownError,
        "Cannot get shard: this client has not seen the cluster yet",
      );
    }
    await fixture.form(1);
    await client.ready;
    assertEquals(client.shardOf("order-1"), 28);
  });
}
