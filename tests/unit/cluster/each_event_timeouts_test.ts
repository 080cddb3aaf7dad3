import { assertEquals } from "@std/assert";
import { ClusterManager, eachEvent } from "../../../cluster/mod.ts";
import { InMemoryEventStore } from "../../../mod.ts";
import { waitFor } from "../../support/conditions.ts";

/** What the library waits for half a minute comes up soon, until it is disposed. */
function shortHalfMinutes(): Disposable {
  const { setTimeout } = globalThis;
  globalThis.setTimeout =
    ((run: () => void, ms?: number) =>
      setTimeout(run, ms === 30_000 ? 100 : ms)) as typeof setTimeout;
  return {
    [Symbol.dispose]() {
      globalThis.setTimeout = setTimeout;
    },
  };
}

Deno.test("eachEvent() tells of a checkpoint that is not loaded or saved within 30 seconds, and loads it again", async () => {
  using _ = shortHalfMinutes();
  await using store = new InMemoryEventStore();
  await using cluster = ClusterManager.local({
    cluster: crypto.randomUUID(),
    shards: 1,
    onError: (error) => messages.push((error as Error).message),
  });
  const messages: string[] = [];
  const gate = Promise.withResolvers<undefined>();
  const handled: number[] = [];
  let [loads, saves] = [0, 0];
  const checkpoints = {
    load: () => loads++ === 0 ? gate.promise : undefined,
    save: () => saves++ === 0 ? gate.promise : undefined,
  };
  cluster.forOwnedShards(
    "timed",
    eachEvent(store, ({ sequence }) => {
      handled.push(sequence);
    }, { checkpoints, checkpointEvery: 20 }),
  );
  await cluster.start();
  await store.append("a", [{ eventType: "Noted", data: {} }]);
  await waitFor(() => messages.length === 2);
  assertEquals([loads, saves, handled], [2, 1, [1]]);
  assertEquals(messages, [
    'Cannot load the checkpoint of shard 0 for "timed", will try again: load() has not settled within 30000 ms',
    'Cannot save the checkpoint of shard 0 for "timed", will try again: save() has not settled within 30000 ms',
  ]);
  gate.resolve(undefined);
  await store.append("a", [{ eventType: "Noted", data: {} }]);
  await waitFor(() => saves > 1);
  assertEquals(handled, [1, 2]);
});
