/**
 * The theme on where handling begins, and how far it has come.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ShardWorkError } from "../../../cluster/mod.ts";
import { shardOf } from "../../../internal/hash.ts";
import { SHARDS } from "../cluster_contract/fixture.ts";
import { waitFor } from "../conditions.ts";
import { upTo } from "../contract/helpers.ts";
import { actorsOf, type EachEventContract } from "./fixture.ts";

/** Checkpoints by shard, as a user might keep them. */
class OwnCheckpoints {
  readonly saved = new Map<number, string>();
  saves = 0;

  load = ({ shard }: { shard: number }) => this.saved.get(shard);

  save = ({ shard }: { shard: number }, checkpoint: string) => {
    this.saves++;
    this.saved.set(shard, checkpoint);
  };
}

/** Registers the theme. */
export function checkpointsContract({ test }: EachEventContract): void {
  test("it goes on behind the user's own checkpoints", async (fixture) => {
    const checkpoints = new OwnCheckpoints();
    const actors = actorsOf(20);
    await fixture.append(2_000, actors);
    const [first] = await fixture.form(
      1,
      (each) => fixture.follow(each, { checkpoints, checkpointEvery: 600_000 }),
    );
    await fixture.complete();
    await first!.leave();
    const used = new Set(actors.map((actor) => shardOf(actor, SHARDS)));
    assert(used.isSubsetOf(new Set(checkpoints.saved.keys())));
    // Each when it was handed over.
    if (fixture.isCalm) assert(checkpoints.saves <= SHARDS);
    await fixture.append(20, actors);
    await fixture.form(1, (each) => fixture.follow(each, { checkpoints }));
    await fixture.complete();
    fixture.checkOrder();
  });

  test("shards without events are written down too, less often", async (fixture) => {
    const checkpoints = new OwnCheckpoints();
    await fixture.append(1, actorsOf(1));
    await fixture.form(
      1,
      (each) => fixture.follow(each, { checkpoints, checkpointEvery: 1 }),
    );
    await waitFor(() => checkpoints.saved.size === SHARDS);
  });

  test("it begins where the handler itself has stored the checkpoint", async (fixture) => {
    const stored = new Map<number, string>();
    const actors = actorsOf(20);
    const options = {
      checkpoints: {
        load: ({ shard }: { shard: number }) => stored.get(shard),
      },
    };
    for (const _ of [1, 2]) {
      await fixture.append(40, actors);
      const [node] = await fixture.form(
        1,
        (each) =>
          fixture.follow(
            each,
            options,
            ({ stored: { checkpoint }, context }) => {
              stored.set(context.shard, checkpoint);
            },
          ),
      );
      await fixture.complete();
      await node!.leave();
    }
    fixture.checkOrder();
  });

  test("a shard that is far behind catches up without the others", async (fixture) => {
    const checkpoints = new OwnCheckpoints();
    const actors = actorsOf(40);
    for (let i = 0; i < 12; i++) await fixture.append(1_000, actors);
    let last = "";
    for await (
      const { checkpoint } of fixture.store.readAll({
        direction: "backward",
        limit: 1,
      })
    ) last = checkpoint;
    const behind = shardOf("actor-7", SHARDS);
    for (let shard = 0; shard < SHARDS; shard++) {
      if (shard !== behind) checkpoints.saved.set(shard, last);
    }
    const gate = Promise.withResolvers<void>();
    await fixture.form(
      1,
      (each) =>
        fixture.follow(
          each,
          { checkpoints },
          ({ context }) => context.shard === behind ? gate.promise : undefined,
        ),
    );
    const others = actors.filter((actor) => shardOf(actor, SHARDS) !== behind);
    await fixture.append(others.length, others);
    // What is far behind holds nobody up.
    await waitFor(() => fixture.handled.length >= others.length);
    gate.resolve();
    await fixture.append(actors.length, actors);
    const late = actors.length - others.length;
    const all = 2 * others.length + late * (12_000 / actors.length + 1);
    await waitFor(() => fixture.handled.length >= all, { timeout: 60_000 });
    const order = fixture.handled.filter(({ stored }) =>
      stored.event.actorId === "actor-7"
    ).map(({ stored }) => stored.event.data.n);
    assertEquals([...new Set(order)], upTo(12_000 / actors.length + 1));
  });

  test("a filter leaves events out, and a shard without a checkpoint begins where it is told", async (fixture) => {
    const actors = actorsOf(20);
    await fixture.append(20, actors);
    let middle = "";
    for await (const { checkpoint } of fixture.store.readAll()) {
      middle = checkpoint;
    }
    await fixture.append(20, actors, "Noted");
    await fixture.append(20, actors);
    const at = new Date(0);
    for (const after of [middle, at]) {
      fixture.handled.length = 0;
      const options = {
        after,
        eventTypes: ["Noted"] as const,
        checkpoints: { load: () => undefined },
      };
      const [node] = await fixture.form(
        1,
        (each) => fixture.follow(each, options),
      );
      await waitFor(() => fixture.handled.length >= 20);
      await node!.leave();
      const types = fixture.handled.map(({ stored }) => stored.event.eventType);
      assertEquals(new Set(types), new Set(["Noted"]));
    }
    fixture.handled.length = 0;
    const later = new Date(Date.now() + 3_600_000);
    const load = () => null;
    const [node] = await fixture.form(
      1,
      (each) => fixture.follow(each, { after: later, checkpoints: { load } }),
    );
    // It begins at the end, at a moment that nobody hears of.
    await waitFor(async () => {
      await fixture.append(20, actors);
      return fixture.handled.length > 0;
    });
    assert(fixture.handled.every(({ stored }) => stored.event.data.n > 3));
    await node!.leave();
  });

  test("a shard whose checkpoint is long in coming, or in being saved, holds no other up", async (fixture) => {
    const own = new OwnCheckpoints();
    const gate = Promise.withResolvers<void>();
    const saves = new Map<number, number>();
    const checkpoints = {
      load: async (at: { shard: number }) => {
        if (at.shard === 0) await gate.promise;
        return own.load(at);
      },
      save: async (at: { shard: number }, checkpoint: string) => {
        saves.set(at.shard, (saves.get(at.shard) ?? 0) + 1);
        if (at.shard === 1) await gate.promise;
        own.save(at, checkpoint);
      },
    };
    const actors = actorsOf(40);
    const others = actors.filter((id) => shardOf(id, SHARDS) > 0);
    const saved = actors.filter((id) => shardOf(id, SHARDS) > 1);
    const isSaved = (times: number) =>
      saved.every((id) => (saves.get(shardOf(id, SHARDS)) ?? 0) >= times);
    await fixture.append(40, actors);
    const [node] = await fixture.form(
      1,
      (each) => fixture.follow(each, { checkpoints, checkpointEvery: 20 }),
    );
    for (const times of [1, 2]) {
      await fixture.complete(others);
      await waitFor(() => isSaved(times));
      await fixture.append(40, actors);
    }
    if (fixture.isCalm) {
      assertEquals([saves.get(0), saves.get(1)], [undefined, 1]);
    }
    gate.resolve();
    await fixture.complete();
    await node!.leave();
    fixture.checkOrder();
    const used = actors.map((id) => shardOf(id, SHARDS));
    assert(new Set(used).isSubsetOf(new Set(own.saved.keys())));
  });

  test("a hook that never settles keeps no events of its shard back", async (fixture) => {
    const actors = actorsOf(20);
    await fixture.append(20, actors);
    const hung: number[] = [];
    await fixture.form(1, (each) => fixture.follow(each), {
      hookTimeout: 200,
      onShardAcquired: ({ shard }) => {
        if (shard > 0 || hung.length > 0) return;
        hung.push(shard);
        return new Promise(() => {});
      },
    });
    await fixture.complete();
    assert(hung.length > 0);
    assert(fixture.errors.length > 0);
    for (const error of fixture.errors.splice(0)) {
      assertEquals((error as Error).name, "ShardHookError");
    }
  });

  test("checkpoints that can't be loaded or saved are told of and tried again", async (fixture) => {
    const own = new OwnCheckpoints();
    let [loads, saves] = [0, 0];
    const checkpoints = {
      load: (at: { shard: number }) => {
        if (loads++ < 3) throw new Error("no table");
        return Promise.resolve(own.load(at));
      },
      save: (at: { shard: number }, checkpoint: string) => {
        if (saves++ < 3) return Promise.reject(new Error("disk full"));
        own.save(at, checkpoint);
      },
    };
    await fixture.append(20, actorsOf(20));
    await fixture.form(1, (each) => fixture.follow(each, { checkpoints }));
    await fixture.complete();
    const shards = new Set(actorsOf(20).map((id) => shardOf(id, SHARDS)));
    await waitFor(() => own.saved.size === shards.size);
    const errors = fixture.errors.splice(0) as ShardWorkError[];
    assertEquals(errors.map(({ code }) => code).sort(), [
      ...["load", "load", "load"],
      ...["save", "save", "save"],
    ]);
    assert(errors.every((error) => error instanceof ShardWorkError));
    fixture.checkOrder();
  });
}
