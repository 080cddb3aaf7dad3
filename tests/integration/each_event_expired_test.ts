/**
 * Work by shard on a stream with an age limit.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  ClusterManager,
  eachEvent,
  type EachEventOptions,
  ShardWorkError,
} from "../../cluster/mod.ts";
import { shardOf } from "../../internal/hash.ts";
import { CheckpointError } from "../../mod.ts";
import { waitFor } from "../support/conditions.ts";
import { ExpiringStream } from "../support/expiring_stream.ts";

const SHARDS = 2;

/** Actors of different shards. */
const [QUIET, BUSY] = ["b", "a"];

Deno.test("eachEvent() goes on after a restart when events of other shards have expired", async () => {
  assert(shardOf(QUIET, SHARDS) !== shardOf(BUSY, SHARDS));
  await using stream = await ExpiringStream.start();
  await using store = await stream.open();
  const append = (actor: string) =>
    store.append(actor, [{ eventType: "Noted", data: {} }]);

  const saved = new Map<number, string>();
  const checkpoints: EachEventOptions["checkpoints"] = {
    load: ({ shard }) => saved.get(shard),
    save: ({ shard }, checkpoint) => void saved.set(shard, checkpoint),
  };
  await append(QUIET);
  await using first = follow(stream, store, { checkpoints });
  await first.manager.start();
  await waitFor(() => saved.has(shardOf(QUIET, SHARDS)));
  await append(BUSY);
  await first.sees([QUIET, BUSY]);
  await first.manager.leave();

  await stream.expireBefore(() => append(BUSY));
  await append(QUIET);
  await using second = follow(stream, store, { checkpoints });
  await second.manager.start();
  await second.sees([BUSY, QUIET]);
  assertEquals([...first.errors, ...second.errors], []);
});

Deno.test("eachEvent() has a shard wait behind whose checkpoint events have expired, and the others go on", async () => {
  await using stream = await ExpiringStream.start();
  await using store = await stream.open();
  const append = (actor: string) =>
    store.append(actor, [{ eventType: "Noted", data: {} }]);

  await append(QUIET);
  const expired = await lastOf(store);
  await append(BUSY);
  await append(BUSY);
  const good = await lastOf(store);
  await stream.expireBefore(() => append(BUSY));

  const checkpoints = new Map<number, string>([
    [shardOf(QUIET, SHARDS), expired],
    [shardOf(BUSY, SHARDS), good],
  ]);
  await using node = follow(stream, store, {
    checkpoints: { load: ({ shard }) => checkpoints.get(shard) },
  });
  await node.manager.start();
  await node.sees([BUSY]);
  await append(QUIET);
  await append(BUSY);
  await node.sees([BUSY, BUSY]);
  await waitFor(() => node.errors.length > 0);
  for (const error of node.errors) {
    assert(error instanceof ShardWorkError);
    assertEquals(error.shard, shardOf(QUIET, SHARDS));
    assert(error.cause instanceof CheckpointError);
    assertEquals(error.cause.code, "expired");
  }
  checkpoints.delete(shardOf(QUIET, SHARDS));
  await node.sees([BUSY, BUSY, QUIET]);
});

/** A node that writes down whose events it handles. */
function follow(
  { nc }: ExpiringStream,
  store: Parameters<typeof eachEvent>[0],
  options: EachEventOptions = {},
) {
  const handled = new Map<string, string>(); // some may come again
  const errors: unknown[] = [];
  const manager = new ClusterManager(nc, {
    create: true,
    shards: SHARDS,
    settle: 20,
    lease: 3_000,
    onError: (error) => errors.push(error),
  });
  manager.forOwnedShards(
    "followed",
    eachEvent(store, ({ event }) => {
      handled.set(event.id, event.actorId);
    }, { checkpointEvery: 50, ...options }),
  );
  return {
    manager,
    errors,
    sees: (expected: readonly string[]) =>
      waitFor(
        () =>
          [...handled.values()].sort().join() === expected.toSorted().join(),
        { timeout: 30_000, message: () => `${[...handled]} ${errors}` },
      ),
    [Symbol.asyncDispose]: () => manager.leave(),
  };
}

async function lastOf(
  store: Parameters<typeof eachEvent>[0],
): Promise<string> {
  const options = { direction: "backward", limit: 1 } as const;
  for await (const { checkpoint } of store.readAll(options)) return checkpoint;
  throw new Error("The store is empty");
}
