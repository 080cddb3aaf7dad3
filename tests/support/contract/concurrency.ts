/**
 * Writers that race.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { VersionConflictError } from "../../../store/errors.ts";
import type { Event } from "../../../event/event.ts";
import type { EventStore } from "../../../store/event_store.ts";
import type { Contract } from "./fixture.ts";
import { collect, instances, makeEvent, upTo } from "./helpers.ts";

/**
 * Saves at the version after the one the writer believes in, until the race is
 * over. `save` says what to save at a version, and for which expectation.
 */
async function race(
  lastVersion: number,
  save: (version: number) => Promise<unknown>,
): Promise<{ won: number[]; lost: VersionConflictError[] }> {
  const won: number[] = [];
  const lost: VersionConflictError[] = [];
  let version = 1;
  while (version <= lastVersion) {
    try {
      await save(version);
      won.push(version);
      version++;
    } catch (error) {
      if (!(error instanceof VersionConflictError)) throw error;
      assertEquals(error.attemptedVersion, version);
      assert(
        error.currentVersion >= version,
        `Conflict at version ${version}, but the actor is at ${error.currentVersion}`,
      );
      lost.push(error);
      version = error.currentVersion + 1;
    }
  }
  return { won, lost };
}

/** Each version was won once. */
function assertOneWinnerEach(
  results: readonly { won: number[] }[],
  lastVersion: number,
): void {
  const won = results.flatMap(({ won }) => won).sort((a, b) => a - b);
  assertEquals(won, upTo(lastVersion));
}

/** Registers the tests. */
export function concurrencyContract({ test, race: setting }: Contract): void {
  const { connections, writers, versions } = setting;

  test("saveEvent() gives each version one winner when writers race", async (fixture) => {
    const stores = await instances(fixture, connections);
    const results = await Promise.all(
      upTo(writers).map((writer) =>
        race(versions, (version) =>
          stores[writer % stores.length]!.saveEvent(
            makeEvent("a", version, { data: { writer } }),
            { expectedVersion: version - 1 },
          ))
      ),
    );
    assertOneWinnerEach(results, versions);
    const lost = results.flatMap(({ lost }) => lost);
    assert(lost.length > 0, "nobody lost, so there was no race");
    assert(lost.every(({ currentVersion }) => currentVersion <= versions));
    for (const store of stores) {
      const events = await store.getEvents("a");
      assertEquals(events.map(({ version }) => version), upTo(versions));
      for (const { version, data } of events) {
        const winner = results[data.writer as number - 1]!;
        assert(winner.won.includes(version));
      }
    }
  });

  test("saveEvents() gives each version one winner when writers race over two actors", async (fixture) => {
    const stores = await instances(fixture, connections);
    const actors = ["a", "b"];
    // Each batch has two events of each actor: half a batch is an odd count.
    const last = Math.ceil(versions / 4);
    let over = false;
    const watch = async (store: EventStore, actorId: string) => {
      let seen = 0;
      while (!over) {
        const events = await store.getEvents(actorId);
        assertEquals(events.length % 2, 0, "half a batch");
        assert(events.length >= seen, "the store went back");
        seen = events.length;
        const options = { direction: "backward", limit: 2 } as const;
        const tail = await collect(store.readEvents(actorId, options));
        assertEquals(
          new Set(tail.map(({ data }) => data.batch)).size < 2,
          true,
        );
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const watching = Promise.all(
      actors.map((actorId, i) => watch(stores[i % stores.length]!, actorId)),
    );
    const write = async (writer: number) => {
      const store = stores[writer % stores.length]!;
      return await race(last, (version) => {
        const batch = crypto.randomUUID();
        const at = (actorId: string, version: number): Event =>
          makeEvent(actorId, version, { data: { writer, batch } });
        const [odd, even] = [version * 2 - 1, version * 2];
        // Writers take the actors in different orders.
        const order = writer % 2 === 0 ? actors : actors.toReversed();
        return store.saveEvents(
          order.flatMap((actorId) => [at(actorId, odd), at(actorId, even)]),
          {
            expectedVersions: new Map(
              order.map((actorId) => [actorId, odd - 1]),
            ),
          },
        ).catch((error) => {
          if (!(error instanceof VersionConflictError)) throw error;
          assertEquals(error.attemptedVersion, odd);
          assert(error.currentVersion > odd - 1);
          assertEquals(error.currentVersion % 2, 0);
          throw new VersionConflictError({
            actorId: error.actorId,
            attemptedVersion: version,
            currentVersion: error.currentVersion / 2,
          });
        });
      });
    };
    const results = await Promise.all(upTo(writers).map(write))
      .finally(() => over = true);
    await watching;
    assertOneWinnerEach(results, last);
    assert(results.some(({ lost }) => lost.length > 0), "there was no race");
    const histories = await Promise.all(
      actors.map((actorId) => fixture.store.getEvents(actorId)),
    );
    for (const events of histories) {
      assertEquals(events.map(({ version }) => version), upTo(last * 2));
    }
    const [a, b] = histories.map((events) => events.map(({ data }) => data));
    assertEquals(a, b);
  });

  test("saveEvent() stores all when writers save different actors", async (fixture) => {
    const stores = await instances(fixture, connections);
    const each = 25;
    const sequences = await Promise.all(
      upTo(writers).map(async (writer) => {
        const store = stores[writer % stores.length]!;
        const sequences: number[] = [];
        for (const version of upTo(each)) {
          const event = makeEvent(`a.${writer}`, version);
          const expectedVersion = version - 1;
          const result = await store.saveEvent(event, { expectedVersion });
          assertEquals(result.duplicate, false);
          sequences.push(result.sequence);
        }
        return sequences;
      }),
    );
    const all = sequences.flat();
    assertEquals(new Set(all).size, writers * each);
    const items = await collect(fixture.store.subscribe({ live: false }));
    assertEquals(
      items.map(({ sequence }) => sequence),
      all.toSorted((a, b) => a - b),
    );
  });
}
