import { assertEquals } from "@std/assert";
import { parseLines } from "../../support/history/history_log.ts";
import type { HistoryRecord } from "../../support/history/records.ts";
import { RecordedStore } from "../../support/history/recorder.ts";
import { InMemoryEventStore } from "../../../store/memory/in_memory_event_store.ts";
import { BufferedHistory } from "../../soak/_buffered_history.ts";
import { remake, soakEvent } from "../../soak/_events.ts";
import { checkFolder, writeFacts, writeFinal } from "../../soak/_result.ts";
import { unfinishedSaves } from "../../soak/_unfinished.ts";

/** Runs with a folder that goes afterwards. */
async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function recordsIn(path: string): Promise<HistoryRecord[]> {
  const file = await Deno.open(path);
  return await Array.fromAsync(parseLines(file.readable));
}

/** A store that never answers: its calls are under way for ever. */
class SilentStore extends InMemoryEventStore {
  override saveEvent(): Promise<never> {
    return new Promise(() => {});
  }
}

Deno.test("BufferedHistory has a call in its file before it is made", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/history.jsonl`;
    using history = new BufferedHistory(path);
    const seen: number[] = [];
    class Looking extends InMemoryEventStore {
      override async getLatestVersion(): Promise<number> {
        seen.push((await recordsIn(path)).length);
        return 0;
      }
    }
    await using opened = new Looking();
    const store = new RecordedStore(opened, history, "s");
    await store.latest("a", "strong");
    await store.latest("b", "strong");
    assertEquals(seen, [1, 3]);
  });
});

Deno.test("unfinishedSaves() finds what was under way, however the file ends", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/history.jsonl`;
    const [done, open] = [1, 2].map((version) =>
      soakEvent(`id-${version}`, "order.0", version)
    );
    await using opened = new InMemoryEventStore();
    {
      using history = new BufferedHistory(path);
      await new RecordedStore(opened, history, "s").saveEvent(done!);
      const silent = new RecordedStore(new SilentStore(), history, "t");
      silent.saveEvent(open!, { expectedVersion: 1 });
      await history.flushed();
    }
    await Deno.writeTextFile(path, '{"kind":"inv', { append: true });
    const saves = await unfinishedSaves(path);
    assertEquals(saves.map(({ events }) => events.map(({ id }) => id)), [
      ["id-2"],
    ]);
    assertEquals([...saves[0]!.expected], [["order.0", 1]]);
  });
});

Deno.test("remake() makes no event that is another one", () => {
  const call = (print: number) => ({
    name: "saveEvent" as const,
    events: [{ id: "id", actor: "order.0", version: 1, print }],
    expected: [],
  });
  assertEquals(remake(call(0)), undefined);
});

Deno.test("checkFolder() takes calls of killed stores for undecided", async () => {
  await inFolder(async (folder) => {
    const event = soakEvent("id", "order.0", 1);
    {
      using history = new BufferedHistory(`${folder}/w.jsonl`);
      const silent = new RecordedStore(new SilentStore(), history, "w-1");
      silent.saveEvent(event);
      await history.flushed();
    }
    const facts = { seed: 1, whole: [], cut: ["w.jsonl"], slack: 0, lag: [] };
    await writeFacts(folder, facts);
    await writeFinal(folder, (async function* () {})());
    const { violations, outcomes } = await checkFolder(folder);
    assertEquals(violations, []);
    assertEquals([...outcomes], [["saveEvent killed", 1]]);
    await writeFacts(folder, { ...facts, whole: ["w.jsonl"], cut: [] });
    const kinds = (await checkFolder(folder)).violations
      .map(({ kind }) => kind);
    assertEquals(kinds, ["no-outcome"]);
  });
});
