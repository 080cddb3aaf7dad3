import { assert, assertEquals } from "@std/assert";
import { headers } from "@nats-io/nats-core";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { SHELL } from "../support/_tool.ts";
import { waitFor } from "../support/conditions.ts";
import { lastSequence } from "../support/history/final_events.ts";
import {
  MemoryHistory,
  now,
  parseLines,
} from "../support/history/history_log.ts";
import { type Random, seeded } from "../support/history/random.ts";
import { RecordedStore } from "../support/history/recorder.ts";
import { assertKept } from "../support/history/verdict.ts";
import { Reader, workEvent } from "../support/history/workload.ts";
import { connect } from "../support/nats_connect.ts";
import type { NatsServer } from "../support/nats_server.ts";
import { withServer } from "../support/with_server.ts";

const KILLS = 8;
const NAMESPACE = "clients";
const ACTORS = Array.from({ length: 6 }, (_, i) => `batch.${i}`);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs a program that saves batches, and kills it amid them. */
async function saveAndDie(
  server: NatsServer,
  history: MemoryHistory,
  name: string,
  random: Random,
): Promise<void> {
  const script = new URL("_batch_saver.ts", import.meta.url).pathname;
  const program = [Deno.execPath(), "run", "-q", "--no-prompt"];
  const rights = ["--allow-net=127.0.0.1", "--allow-env", "--allow-read"];
  const seed = `${random.below(2 ** 32)}`;
  const child = new Deno.Command(SHELL, {
    args: [
      ...["-c", 'exec "$0" "$@"', ...program, ...rights, script],
      ...[server.url, NAMESPACE, name, seed],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let acknowledged = 0;
  const reading = (async () => {
    for await (const record of parseLines(child.stdout)) {
      history.write(record);
      if (record.kind !== "complete") continue;
      if (record.outcome.is === "success") acknowledged++;
    }
  })();
  try {
    const wanted = 1 + random.below(5);
    await waitFor(() => acknowledged >= wanted, {
      timeout: 30_000,
      interval: 1,
      message: `${wanted} batches of ${name}`,
    });
    await pause(random.below(20));
  } finally {
    child.kill("SIGKILL");
    await Promise.all([child.status, reading]);
    history.write({ kind: "killed", store: name, at: now() });
  }
}

Deno.test("a client that is killed amid batches leaves all or nothing of each", async () => {
  const random = seeded("client kill");
  await withServer({}, async (server) => {
    const history = new MemoryHistory();
    const nc = await connect(server);
    await using opened = await JetStreamEventStore.open(nc, {
      namespace: NAMESPACE,
    });
    const store = new RecordedStore(opened, history, "watcher");
    const subscription = store.subscribe();
    const reader = new Reader(store, random.fork(), {
      loops: 1,
      actors: ACTORS,
    });
    for (let i = 0; i < KILLS; i++) {
      await saveAndDie(server, history, `client-${i}`, random);
    }
    await reader.stop();
    // The actors go on where the dead left them.
    for (const actor of ACTORS) {
      const latest = await store.latest(actor, "strong");
      assert(latest.is === "version");
      const event = workEvent(actor, latest.version + 1, {});
      const expectedVersion = latest.version;
      const { is } = await store.saveEvent(event, { expectedVersion });
      assertEquals(is, "success");
    }
    const end = await lastSequence(nc, { namespace: NAMESPACE });
    await waitFor(() => subscription.position >= end);
    await subscription[Symbol.asyncDispose]();
    const report = await assertKept(history, nc, { namespace: NAMESPACE }, {
      slack: 5,
    });
    assert(report.outcomes.has("saveEvents success"));
    assert(report.outcomes.has("saveEvents killed"));
    await nc.close();
  });
});

Deno.test("half of a batch leaves nothing when its client goes away", async () => {
  await withServer({}, async (server) => {
    const nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc);
    await store.saveEvent(workEvent("half", 1, {}));
    const client = await connect(server);
    for (let i = 1; i <= 250; i++) {
      const event = workEvent("half", i + 1, {});
      const head = headers();
      head.set("Nats-Batch-Id", "half-a-batch");
      head.set("Nats-Batch-Sequence", `${i}`);
      head.set("Nats-Msg-Id", event.id);
      client.publish("aether.events.default.half", JSON.stringify(event), {
        headers: head,
      });
    }
    await client.flush();
    await client.close();
    assertEquals(await store.getLatestVersion("half"), 1);
    const { sequence } = await store.saveEvent(workEvent("half", 2, {}), {
      expectedVersion: 1,
    });
    assertEquals(sequence, 2);
    const events = await store.getEvents("half");
    assertEquals(events.map(({ version }) => version), [1, 2]);
    await nc.close();
  });
});
