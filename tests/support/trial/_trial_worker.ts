// A process that executes the commands it reads from stdin, and writes what
// came of each to stdout: deno run _trial_worker.ts SPEC
import { commandHandler, Rejection } from "../../../decider/mod.ts";
import { JetStreamEventStore } from "../../../store/jetstream/jetstream_event_store.ts";
import { connect } from "../nats_connect.ts";
import { hasty, type TrialEvent } from "./_hasty_account.ts";
import {
  type Answer,
  DUPLICATE_WINDOW_MS,
  jsonLines,
  type TrialCommand,
  type WorkerSpec,
} from "./_trial_protocol.ts";

/** Does again what fails while the server is away. */
async function persist<T>(run: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await run();
    } catch (error) {
      if (error instanceof TypeError) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const { urls, namespace, replicas } = JSON.parse(Deno.args[0]!) as WorkerSpec;
const nc = await persist(() => connect(urls));
const store = await persist(() =>
  JetStreamEventStore.open<TrialEvent>(nc, {
    namespace,
    replicas,
    duplicateWindow: DUPLICATE_WINDOW_MS,
    saveTimeout: 2_000,
  })
);
// Nothing may rest on ids that the server remembers.
const accounts = commandHandler(store, hasty, { rememberedCommands: 1_000 });

async function answer(command: TrialCommand): Promise<Answer> {
  const { id, actorId } = command;
  try {
    const { events, version, duplicate } = await accounts.execute(
      actorId,
      command,
      { commandId: id },
    );
    const stored = events.map(({ id, data }) => ({ id, note: data.note }));
    return { id, stored, version, duplicate };
  } catch (error) {
    if (error instanceof Rejection) return { id, rejected: error.code };
    return { id, failed: (error as Error).name };
  }
}

for await (const command of jsonLines<TrialCommand>(Deno.stdin.readable)) {
  answer(command).then((it) => console.log(JSON.stringify(it)));
}
