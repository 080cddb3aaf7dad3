/**
 * Appends while servers are killed and acknowledgements are lost: each command
 * is there once, whole, and behind what was there.
 */

import { assert, assertEquals } from "@std/assert";
import { commandEventId } from "../../event/command_ids.ts";
import type { AppendResult, EventStore } from "../../store/event_store.ts";
import {
  SaveOutcomeUnknownError,
  VersionConflictError,
} from "../../store/errors.ts";
import { JetStreamUnavailableError } from "../../store/jetstream/errors.ts";
import { JetStreamEventStore } from "../../store/jetstream/jetstream_event_store.ts";
import { makeEvent } from "../support/contract/helpers.ts";
import { waitFor } from "../support/conditions.ts";
import { type Random, seeded } from "../support/history/random.ts";
import { connect, type ConnectTarget } from "../support/nats_connect.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { withServer } from "../support/with_server.ts";

const ACTORS = ["a", "b.c"];

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A command that was sent until its outcome was known. */
interface Command {
  readonly actorId: string;
  readonly commandId: string;
  readonly count: number;
  readonly result: AppendResult;
}

/** Sends commands until it is told to stop, each until its outcome is known. */
class Sender {
  readonly done: Command[] = [];
  readonly #store: EventStore;
  readonly #name: string;
  readonly #random: Random;
  #stopped = false;

  constructor(store: EventStore, name: string, random: Random) {
    this.#store = store;
    this.#name = name;
    this.#random = random;
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    for (let n = 0; !this.#stopped; n++) {
      const actorId = ACTORS[this.#random.below(ACTORS.length)]!;
      const commandId = `${this.#name}-${n}`;
      const count = 1 + this.#random.below(4);
      const result = await this.#send(actorId, commandId, count);
      this.done.push({ actorId, commandId, count, result });
    }
  }

  async #send(
    actorId: string,
    commandId: string,
    count: number,
  ): Promise<AppendResult> {
    const drafts = Array.from({ length: count }, (_, i) => ({
      eventType: "Appended",
      data: { commandId, i },
    }));
    for (let isExpecting = this.#random.below(4) === 0;; isExpecting = false) {
      try {
        const expectedVersion = isExpecting
          ? await this.#store.getLatestVersion(actorId)
          : "any";
        return await this.#store.append(actorId, drafts, {
          commandId,
          expectedVersion,
        });
      } catch (error) {
        const isOpen = error instanceof SaveOutcomeUnknownError ||
          error instanceof JetStreamUnavailableError ||
          error instanceof VersionConflictError ||
          (error as Error).name === "ConnectionLostError";
        if (!isOpen) throw error;
      }
    }
  }
}

/** Runs senders amid faults, and looks at every history after. */
async function appendAmid(
  targets: readonly ConnectTarget[],
  final: ConnectTarget,
  random: Random,
  fault: (progress: () => Promise<unknown>) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const open = async (target: ConnectTarget) => {
    const nc = stack.adopt(await connect(target), (nc) => nc.close());
    return stack.use(
      await JetStreamEventStore.open(nc, {
        // As retries of the commands rely on it.
        duplicateWindow: 120_000,
        saveTimeout: 2_000,
        readTimeout: 30_000,
      }),
    );
  };
  const senders: Sender[] = [];
  for (const [i, target] of targets.entries()) {
    const store = await open(target);
    for (let k = 0; k < 4; k++) {
      senders.push(new Sender(store, `s${i}-${k}`, random.fork()));
    }
  }
  const running = Promise.all(senders.map((sender) => sender.run()));
  const progress = () => {
    const goals = senders.map(({ done }) => done.length + 2);
    return waitFor(
      () => senders.every(({ done }, i) => done.length >= goals[i]!),
      { timeout: 30_000 },
    );
  };
  try {
    await Promise.race([fault(progress), running]);
  } finally {
    for (const sender of senders) sender.stop();
  }
  await running;
  await assertAllOnce(await open(final), senders.flatMap(({ done }) => done));
}

async function assertAllOnce(
  store: EventStore,
  commands: readonly Command[],
): Promise<void> {
  assert(commands.length > 20, `only ${commands.length} commands`);
  let count = 0;
  for (const actorId of ACTORS) {
    const events = await store.getEvents(actorId);
    count += events.length;
    assertEquals(
      events.map(({ version }) => version),
      events.map((_, i) => i + 1),
    );
    const ids = new Set(events.map(({ id }) => id));
    assertEquals(ids.size, events.length);
    for (const command of commands) {
      if (command.actorId !== actorId) continue;
      const { version, events: told } = command.result;
      const stored = events.slice(version - command.count, version);
      assertEquals(told, stored);
      assertEquals(
        stored.map(({ id }) => id),
        stored.map((_, i) => commandEventId(actorId, command.commandId, i)),
      );
    }
  }
  assertEquals(count, commands.reduce((sum, { count }) => sum + count, 0));
}

Deno.test("appends are stored once when their server is killed and restarted", () =>
  withServer({}, async (server) => {
    const random = seeded("appends, server kill");
    await appendAmid([server, server], server, random, async (progress) => {
      for (let i = 0; i < 3; i++) {
        await progress();
        await pause(random.below(50)); // At any moment of an append.
        await server.kill();
        await pause(random.below(300));
        await server.restart();
      }
      await progress();
    });
  }));

Deno.test("appends are stored once when acknowledgements are lost and connections cut", () =>
  withServer({}, async (server) => {
    const random = seeded("appends, connection cut");
    await using proxy = await TcpProxy.start({ upstream: server });
    await appendAmid([proxy, server], server, random, async (progress) => {
      for (let i = 0; i < 2; i++) {
        await progress();
        const before = proxy.droppedBytes;
        proxy.dropServerToClient();
        await waitFor(() => proxy.droppedBytes > before + 500);
        proxy.cut();
        proxy.passServerToClient();
      }
      await progress();
    });
  }));

Deno.test("an append behind events of a writer without expectations is found by it", () =>
  withServer({}, async (server) => {
    await using nc = await connect(server);
    await using store = await JetStreamEventStore.open(nc);
    await using other = await JetStreamEventStore.open(nc);
    await store.append("a", [{ eventType: "A", data: {} }]);
    await other.saveEvent(makeEvent("a", 40));
    const { version } = await store.append("a", [{ eventType: "A", data: {} }]);
    assertEquals(version, 41);
  }));
