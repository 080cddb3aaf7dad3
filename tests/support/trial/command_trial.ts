/**
 * Commands that are sent again until they are answered, while servers and
 * clients are killed: each must be applied once.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { commandEventId } from "../../../event/command_ids.ts";
import { JetStreamEventStore } from "../../../store/jetstream/jetstream_event_store.ts";
import { waitFor } from "../conditions.ts";
import type { Random } from "../history/random.ts";
import { connect } from "../nats_connect.ts";
import type { NatsServer } from "../nats_server.ts";
import type { TrialEvent } from "./_hasty_account.ts";
import { TrialProcess } from "./_trial_process.ts";
import {
  type Answer,
  DUPLICATE_WINDOW_MS,
  type TrialCommand,
  type WorkerSpec,
} from "./_trial_protocol.ts";

/** How a trial is set up. */
export interface TrialOptions {
  readonly random: Random;
  readonly urls: readonly string[];
  readonly replicas: number;
  readonly commands: number;
  readonly serverKills: number;
  readonly clientKills: number;
  /** Kills a server and brings it back; resolves when another may be killed. */
  killServer(): Promise<void>;
  /** Is told of each fault, and of how many commands are answered then. */
  onFault?(what: string, answered: number): void;
}

/** What came of a trial in which all went well. */
export interface TrialReport {
  readonly events: number;
  /** Answers that an earlier execution had stored. */
  readonly duplicates: number;
  /** How often a command failed, by the error's name. */
  readonly failures: ReadonlyMap<string, number>;
}

/** The stream of a trial. */
export const TRIAL_STREAM = "AETHER_trial";
const NAMESPACE = "trial";
const WORKERS = 3;
const IN_FLIGHT = 60;
const ACTORS = 40;
/** How many commands go to two workers at once. */
const SENT_TWICE = 1 / 3;

/** A command that is under way. */
interface Pending {
  readonly command: TrialCommand;
  /** The workers that have not answered it yet. */
  readonly workers: Set<number>;
  readonly answers: Answer[];
}

class Trial {
  readonly answers = new Map<TrialCommand, Answer[]>();
  readonly failures = new Map<string, number>();
  readonly #options: TrialOptions;
  readonly #spec: WorkerSpec;
  readonly #workers: TrialProcess[] = [];
  readonly #pending = new Map<string, Pending>();
  #sent = 0;

  constructor(options: TrialOptions) {
    this.#options = options;
    const { urls, replicas } = options;
    this.#spec = { urls, namespace: NAMESPACE, replicas };
  }

  async run(): Promise<void> {
    const { commands } = this.#options;
    for (let i = 0; i < WORKERS; i++) this.#workers.push(this.#start(i));
    try {
      for (let i = 0; i < IN_FLIGHT; i++) this.#sendNext();
      await this.#wreak();
      await waitFor(() => this.answers.size === commands, {
        timeout: 120_000,
        message: () => `${commands} answers, there are ${this.answers.size}`,
      });
    } finally {
      await Promise.all(this.#workers.map((worker) => worker.kill()));
    }
  }

  /** Kills servers and clients, spread over the commands. */
  async #wreak(): Promise<void> {
    const { random, commands, serverKills, clientKills } = this.#options;
    const { killServer, onFault } = this.#options;
    const faults = [
      ...Array<"server">(serverKills).fill("server"),
      ...Array<"client">(clientKills).fill("client"),
    ].sort(() => random.next() - 0.5);
    for (const [i, fault] of faults.entries()) {
      const due = Math.floor((i + 0.5) * commands / faults.length);
      await waitFor(() => this.answers.size >= due, {
        timeout: 120_000,
        message: () => `${due} answers, there are ${this.answers.size}`,
        interval: 1,
      });
      onFault?.(`a ${fault} is killed`, this.answers.size);
      if (fault === "server") await killServer();
      else await this.#replace(random.below(WORKERS));
    }
  }

  #start(index: number): TrialProcess {
    return new TrialProcess(
      this.#spec,
      (answer) => this.#answered(index, answer),
    );
  }

  /** Kills a worker, starts another, and sends it what the first left. */
  async #replace(index: number): Promise<void> {
    await this.#workers[index]!.kill();
    this.#workers[index] = this.#start(index);
    for (const { command, workers } of this.#pending.values()) {
      if (workers.has(index)) this.#workers[index]!.send(command);
    }
  }

  #sendNext(): void {
    const { random, commands } = this.#options;
    if (this.#sent === commands) return;
    const command = {
      id: `command-${this.#sent++}`,
      actorId: `account-${random.below(ACTORS)}`,
      amount: 1 + random.below(5),
      fee: random.chance(0.3) ? 1 : 0,
    };
    const first = random.below(WORKERS);
    const workers = new Set([first]);
    if (random.chance(SENT_TWICE)) workers.add((first + 1) % WORKERS);
    this.#pending.set(command.id, { command, workers, answers: [] });
    for (const worker of workers) this.#workers[worker]!.send(command);
  }

  #answered(index: number, answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    if (pending === undefined || !pending.workers.has(index)) return;
    const { command, workers, answers } = pending;
    if ("failed" in answer) {
      const { failed } = answer;
      this.failures.set(failed, (this.failures.get(failed) ?? 0) + 1);
      // To whomever: it is the command's id that counts.
      workers.delete(index);
      const next = this.#options.random.below(WORKERS);
      if (workers.has(next)) return;
      workers.add(next);
      this.#workers[next]!.send(command);
      return;
    }
    workers.delete(index);
    answers.push(answer);
    if (workers.size > 0) return;
    this.#pending.delete(answer.id);
    this.answers.set(command, answers);
    this.#sendNext();
  }
}

/**
 * Runs a trial.
 *
 * @throws {AssertionError} If a command was lost or applied twice, or an
 * answer is not what is stored.
 */
export async function runTrial(options: TrialOptions): Promise<TrialReport> {
  const { urls, replicas } = options;
  await using stack = new AsyncDisposableStack();
  const nc = stack.adopt(await connect(urls), (nc) => nc.close());
  const store = stack.use(
    await JetStreamEventStore.open<TrialEvent>(nc, {
      namespace: NAMESPACE,
      replicas,
      duplicateWindow: DUPLICATE_WINDOW_MS,
    }),
  );
  const trial = new Trial(options);
  await trial.run();
  const stored = new Map<string, TrialEvent[]>();
  let events = 0;
  for (let i = 0; i < ACTORS; i++) {
    for (const event of await store.getEvents(`account-${i}`)) {
      events++;
      const of = stored.get(event.commandId!);
      if (of === undefined) stored.set(event.commandId!, [event]);
      else of.push(event);
    }
  }
  let duplicates = 0;
  for (const [command, answers] of trial.answers) {
    const own = stored.get(command.id) ?? [];
    check(command, own);
    for (const answer of answers) {
      if ("duplicate" in answer && answer.duplicate) duplicates++;
      assertEquals(answer, {
        id: command.id,
        stored: own.map(({ id, data }) => ({ id, note: data.note })),
        version: own.at(-1)!.version,
        duplicate: "duplicate" in answer && answer.duplicate,
      });
    }
  }
  assertEquals(stored.size, trial.answers.size, "no command but those sent");
  return { events, duplicates, failures: trial.failures };
}

/** That a command's events are there, once. */
function check(
  { id, actorId, amount, fee }: TrialCommand,
  own: readonly TrialEvent[],
): void {
  const expected = fee === 0
    ? [["Withdrawn", amount]]
    : [["Withdrawn", amount], ["FeeCharged", fee]];
  assertEquals(
    own.map((event) => [
      event.actorId,
      event.id,
      event.version - own[0]!.version,
      event.eventType,
      event.data.amount,
    ]),
    expected.map(([type, amount], i) => [
      actorId,
      commandEventId(actorId, id, i),
      i,
      type,
      amount,
    ]),
    `the events of ${id}`,
  );
}

/** Kills one server and starts it again. */
export async function killAndRestart(server: NatsServer): Promise<void> {
  await server.kill();
  await server.restart();
}
