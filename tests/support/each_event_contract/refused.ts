/**
 * The theme on checkpoints that are not ones of the stream.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ShardWorkError } from "../../../cluster/mod.ts";
import { shardOf } from "../../../internal/hash.ts";
import { CheckpointError } from "../../../mod.ts";
import {
  formatCheckpoint,
  parseCheckpoint,
} from "../../../store/checkpoint.ts";
import { SHARDS } from "../cluster_contract/fixture.ts";
import { waitFor } from "../conditions.ts";
import {
  actorsOf,
  type EachEventContract,
  type EachEventFixture,
} from "./fixture.ts";

/** Registers the theme. */
export function refusedContract({ test }: EachEventContract): void {
  const kinds = {
    "of another stream": ["other-stream", (_: string, other: string) => other],
    "beyond the end": ["beyond-end", (incarnation: string) => incarnation],
  } as const;
  for (const [kind, [code, choose]] of Object.entries(kinds)) {
    for (const sequence of [1, 90]) {
      if (code === "beyond-end" && sequence === 1) continue;
      test(`a shard whose checkpoint is ${kind}, at ${sequence}, waits and says so, and the others go on`, async (fixture) => {
        const { store, other } = fixture;
        const actors = actorsOf(40);
        await fixture.append(80, actors);
        await other.append("x", [{ eventType: "Counted", data: { n: 1 } }]);
        const bad = formatCheckpoint(
          choose(await incarnationOf(store), await incarnationOf(other)),
          sequence,
        );
        const good = formatCheckpoint(await incarnationOf(store), 0);
        const isBad = (shard: number) => shard % 4 > 1;
        const checkpoints = new Map(
          Array.from({ length: SHARDS }, (_, shard) => shard)
            .filter((shard) => shard % 4 > 0)
            .map((shard) => [shard, isBad(shard) ? bad : good]),
        );
        const load = ({ shard }: { shard: number }) => checkpoints.get(shard);
        await fixture.form(
          1,
          (each) => fixture.follow(each, { checkpoints: { load } }),
        );
        // Stored behind the bad checkpoints, if these were believed.
        await fixture.append(8, actors.slice(0, 8));
        const bads = [...checkpoints.keys()].filter(isBad);
        await waitFor(() => {
          const told = fixture.errors.map((each) => Object(each).shard);
          return bads.every((shard) => told.includes(shard));
        });
        const others = actors.filter((id) => !isBad(shardOf(id, SHARDS)));
        await fixture.complete(others);
        for (const { stored } of fixture.handled) {
          assert(others.includes(stored.event.actorId));
        }
        for (const shard of bads) checkpoints.delete(shard);
        await fixture.complete();
        fixture.checkOrder();
        for (const error of fixture.errors.splice(0)) {
          assert(error instanceof ShardWorkError);
          assertEquals([error.code, isBad(error.shard!)], ["read", true]);
          assert(error.cause instanceof CheckpointError);
          assertEquals(error.cause.code, code);
          assert(error.message.includes(`events of shard ${error.shard} for`));
        }
      });
    }
  }
}

async function incarnationOf(
  store: EachEventFixture["store"],
): Promise<string> {
  const options = { direction: "backward", limit: 1 } as const;
  for await (const { checkpoint } of store.readAll(options)) {
    return parseCheckpoint(checkpoint).incarnation;
  }
  throw new Error("The store is empty");
}
