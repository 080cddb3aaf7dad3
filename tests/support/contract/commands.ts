/**
 * Appends of commands, and appends that race.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { commandEventId } from "../../../event/command_ids.ts";
import { VersionConflictError } from "../../../store/errors.ts";
import type { AppendOptions } from "../../../store/event_store.ts";
import { makeDraft } from "./appending.ts";
import type { Contract } from "./fixture.ts";
import { assertHistory, instances, makeEvent, upTo } from "./helpers.ts";

/** Registers the tests. */
export function commandsContract({ test, race }: Contract): void {
  for (const expected of ["any", "the version before"] as const) {
    test(`append() stores a command once when ${expected} is expected`, async ({ store }) => {
      await store.append("a", [makeDraft(0)]);
      const options: AppendOptions = {
        commandId: "command-1",
        expectedVersion: expected === "any" ? "any" : 1,
      };
      const drafts = [makeDraft(1), makeDraft(2)];
      const first = await store.append("a", drafts, options);
      assertEquals(first.duplicate, false);
      assertEquals(first.version, 3);
      for (const [i, { id, commandId }] of first.events.entries()) {
        assertEquals(id, commandEventId("a", "command-1", i));
        assertEquals(commandId, "command-1");
      }
      const others = [
        drafts,
        drafts.slice(1),
        [...drafts, makeDraft(3)],
        [makeDraft(9)],
        [],
      ];
      for (const retry of others) {
        const again = await store.append("a", retry, options);
        assertEquals(again, { ...first, duplicate: true });
      }
      const { version } = await store.append("a", [makeDraft(4)]);
      assertEquals(version, 4);
      for (const retry of others) {
        const again = await store.append("a", retry, options);
        assertEquals(again, { ...first, duplicate: true });
        const elsewhere = { ...options, expectedVersion: 4 };
        assertEquals(await store.append("a", retry, elsewhere), again);
      }
      assertEquals(await store.getLatestVersion("a"), 4);
      // Another actor's command is another one, and so is another command.
      const other = await store.append("b", drafts, { commandId: "command-1" });
      assertEquals([other.duplicate, other.version], [false, 2]);
      const next = await store.append("a", drafts, { commandId: "command-2" });
      assertEquals([next.duplicate, next.version], [false, 6]);
    });
  }

  test("append() stores a command once when it arrives many times at once", async (fixture) => {
    const stores = await instances(fixture, race.connections);
    const appended = await Promise.all(
      upTo(24).map((n) =>
        stores[n % stores.length]!.append("a", [makeDraft(1), makeDraft(2)], {
          commandId: "command",
        })
      ),
    );
    assertEquals(appended.filter(({ duplicate }) => !duplicate).length, 1);
    for (const { events } of appended) {
      assertEquals(events, appended[0]!.events);
    }
    await assertHistory(fixture.store, "a", appended[0]!.events);
  });

  test("append() lets 200 appends to one actor through when they come at once", async (fixture) => {
    const stores = await instances(fixture, race.connections);
    const appended = await Promise.all(
      upTo(200).map((n) =>
        stores[n % stores.length]!
          .append("a", upTo(1 + n % 3).map((i) => makeDraft(n * 10 + i)))
      ),
    );
    const events = appended.flatMap(({ events }) => events)
      .sort((a, b) => a.version - b.version);
    assertEquals(events.map(({ version }) => version), upTo(events.length));
    for (const { events, sequences, version, sequence } of appended) {
      assertEquals(events.at(-1)!.version, version);
      assertEquals(sequences.at(-1), sequence);
      // Nothing of another append lies between them.
      assertEquals(
        events.map((event) => event.version),
        events.map((_, i) => version - events.length + 1 + i),
      );
      assertEquals(
        events.map(({ data }) => (data.n as number) % 10),
        upTo(events.length),
      );
    }
    await assertHistory(fixture.store, "a", events);
  });

  test("append() and saveEvent() race and each keeps its promise", async (fixture) => {
    const stores = await instances(fixture, race.connections);
    const saves = upTo(20).map(async (n) => {
      const store = stores[n % stores.length]!;
      for (;;) {
        const version = await store.getLatestVersion("a") + 1;
        const expectedVersion = version - 1;
        try {
          return await store.saveEvent(makeEvent("a", version), {
            expectedVersion,
          });
        } catch (error) {
          if (!(error instanceof VersionConflictError)) throw error;
        }
      }
    });
    const appends = upTo(60).map((n) =>
      stores[n % stores.length]!.append("a", [makeDraft(n)])
    );
    const results = await Promise.all([...saves, ...appends]);
    const versions = results.map(({ version }) => version);
    assertEquals(versions.toSorted((a, b) => a - b), upTo(80));
    const events = await fixture.store.getEvents("a");
    assertEquals(events.map(({ version }) => version), upTo(80));
  });
}
