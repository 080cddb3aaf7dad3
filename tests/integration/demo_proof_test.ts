/**
 * What the demo proves at its end would be found if it were wrong.
 */

import { assert, assertEquals } from "@std/assert";
import { type AccountEvent, accountsIn } from "../../examples/_demo_account.ts";
import { Load, type Proof } from "../../examples/_demo_load.ts";
import { ClusterManager } from "../../cluster/mod.ts";
import {
  type EventStore,
  InMemoryEventStore,
  type StoredEvent,
} from "../../mod.ts";
import { waitFor } from "../support/conditions.ts";

type Stored = StoredEvent<AccountEvent>;

/** A store whose events are told otherwise than they are stored. */
function told(
  store: EventStore<AccountEvent>,
  change: (events: Stored[]) => Stored[],
): EventStore<AccountEvent> {
  return {
    readAll: async function* () {
      yield* change(await Array.fromAsync(store.readAll()));
    },
  } as unknown as EventStore<AccountEvent>;
}

/** Runs commands, and proves what was stored by what each store tells. */
async function proofs(
  ...changes: ((events: Stored[]) => Stored[])[]
): Promise<Proof[]> {
  await using store = new InMemoryEventStore<AccountEvent>();
  await using cluster = ClusterManager.local({
    cluster: crypto.randomUUID(),
    shards: 8,
  });
  const accounts = cluster.host("account", accountsIn(store));
  await cluster.start();
  await cluster.ready;
  const load = new Load(accounts);
  load.start(2_000);
  await waitFor(() => load.latencies.length > 300);
  await load.stop();
  return await Promise.all(
    changes.map((change) => load.prove(told(store, change))),
  );
}

Deno.test("the demo's proof holds for what is stored, and finds what is not", async () => {
  const [right, lost, twice, strange] = await proofs(
    (events) => events,
    (events) => events.slice(1),
    (events) => [...events, events[0]!],
    (events) => [
      ...events,
      {
        ...events[0]!,
        event: { ...events[0]!.event, commandId: "of nobody" },
      },
    ],
  ) as [Proof, Proof, Proof, Proof];
  assert(right.acknowledged > 300 && right.rejected > 0);
  assertEquals(right.sent, right.acknowledged + right.rejected);
  assertEquals([right.lost, right.wrong, right.failed], [0, 0, 0]);
  assertEquals(right.balance, right.expected);
  assertEquals([lost.lost, lost.wrong], [1, 0]);
  assert(lost.balance !== lost.expected);
  assertEquals([twice.lost, twice.wrong], [0, 1]);
  assertEquals([strange.lost, strange.wrong], [0, 1]);
});
