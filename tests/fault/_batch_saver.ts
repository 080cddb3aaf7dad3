// A program that saves batches until it is killed, and writes down on stdout
// what it does: deno run _batch_saver.ts URL NAMESPACE NAME SEED
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { LineHistory } from "../support/history/history_log.ts";
import { Random } from "../support/history/random.ts";
import { RecordedStore } from "../support/history/recorder.ts";
import { workEvent } from "../support/history/workload.ts";
import { connect } from "../support/nats_connect.ts";

const LOOPS = 3;

const [url, namespace, name, seed] = Deno.args as [
  string,
  string,
  string,
  string,
];
const random = new Random(Number(seed));
const nc = await connect(url);
const store = new RecordedStore(
  await JetStreamEventStore.open(nc, { namespace }),
  new LineHistory(Deno.stdout),
  name,
);

async function save(loop: number): Promise<never> {
  // What others saved before is found out by conflicts.
  const versions = new Map<string, number>();
  for (;;) {
    const actors = [`batch.${loop}`, `batch.${LOOPS + loop}`];
    const events = actors.flatMap((actor) => {
      const before = versions.get(actor) ?? 0;
      const count = 200 + random.below(100);
      return Array.from(
        { length: count },
        (_, i) => workEvent(actor, before + i + 1, { text: "x".repeat(200) }),
      );
    });
    const outcome = await store.saveEvents(events);
    if (outcome.is === "success") {
      for (const [actor, version] of outcome.versions) {
        versions.set(actor, version);
      }
    } else if (outcome.is === "conflict") {
      versions.set(outcome.actor, outcome.current);
    }
  }
}

await Promise.all(Array.from({ length: LOOPS }, (_, loop) => save(loop)));
