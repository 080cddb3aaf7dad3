/**
 * Candidates in processes of their own, and what they write down.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { LeaderElectionOptions } from "../../../cluster/mod.ts";
import { waitFor } from "../../support/conditions.ts";
import { SHELL } from "../../support/_tool.ts";
import type { CandidateOptions } from "./candidate.ts";

const SCRIPT = new URL("candidate.ts", import.meta.url).pathname;
const ROOT = new URL("../../../", import.meta.url).pathname;

/** How far the processes' clocks may be apart, in milliseconds. */
const SKEW = 2;

/** A time in which a process led, by the clock readings it compared. */
interface Tenure {
  readonly node: string;
  readonly term: number;
  readonly from: number;
  to: number;
}

/** A process that takes part. */
export class Candidate {
  /** What it is called. */
  readonly node: string;
  /** The server that it is connected to. */
  server = "";
  /** When it last led, in milliseconds since 1970. */
  lastLed = 0;
  /** The longest that none of its requests was answered, in milliseconds. */
  silence = 0;
  /** Whether it takes part. */
  hasJoined = false;
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #isOver = false;

  /** Starts it. */
  constructor(
    node: string,
    options: CandidateOptions,
    admitted: (term: number, time: number) => void,
  ) {
    this.node = node;
    this.#child = new Deno.Command(SHELL, {
      args: [
        ...["-c", 'exec "$0" "$@"', Deno.execPath()],
        ...["run", "-q", "--no-prompt", "-P=tests", SCRIPT],
        JSON.stringify(options),
      ],
      cwd: ROOT,
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reading = this.#read(admitted);
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    if (!this.#isOver) this.#child.kill(signal);
  }

  /** Resolves when it has ended, and all it wrote down is known. */
  async ended(): Promise<void> {
    await this.#reading;
    await this.#child.status;
  }

  async #read(admitted: (term: number, time: number) => void): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(
        "\n",
      );
      rest = lines.pop()!;
      for (const line of lines) {
        const [word, ...values] = line.split(" ");
        if (word === "joined") this.hasJoined = true;
        if (word === "server") this.server = values[0]!;
        if (word === "silence") {
          this.silence = Math.max(this.silence, Number(values[0]));
        }
        if (word !== "admission") continue;
        this.lastLed = Number(values[1]);
        admitted(Number(values[0]), this.lastLed);
      }
    }
    this.#isOver = true;
  }
}

/** The candidates of one election. Disposing kills them. */
export class Fleet implements AsyncDisposable {
  readonly #options: LeaderElectionOptions;
  readonly #all: Candidate[] = [];
  readonly #tenures = new Map<string, Tenure>();
  /** How often somebody led, all together. */
  admissions = 0;

  /** @param options What all of them join with. */
  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  /** Starts a candidate; resolves when it takes part. */
  async start(node: string, servers: readonly string[]): Promise<Candidate> {
    const election = { ...this.#options, nodeId: node };
    const candidate = new Candidate(
      node,
      { servers, election },
      (term, time) => this.#admitted(node, term, time),
    );
    this.#all.push(candidate);
    await waitFor(() => candidate.hasJoined, {
      timeout: 30_000,
      message: `${node} to join`,
    });
    return candidate;
  }

  /** Who leads in the newest term, when somebody has begun to lead after `time`. */
  async leaderAfter(time: number, timeout = 60_000): Promise<{
    leader: Candidate;
    term: number;
    /** When it first led in this term after `time`. */
    from: number;
  }> {
    const tenure = await waitFor(
      () => this.#newest((each) => each.to > time),
      { timeout, interval: 5, message: `a leader after ${time}` },
    );
    const leader = this.#all.findLast(({ node }) => node === tenure.node)!;
    return { leader, term: tenure.term, from: tenure.from };
  }

  /** Who leads now. */
  leader(): ReturnType<Fleet["leaderAfter"]> {
    return this.leaderAfter(Date.now());
  }

  /** Checks that no two led at a time, and that terms rose. */
  check(): void {
    const tenures = [...this.#tenures.values()].sort((a, b) => a.from - b.from);
    const wrong: unknown[] = [];
    for (const [i, later] of tenures.entries()) {
      const earlier = tenures[i - 1];
      if (earlier === undefined) continue;
      const isApart = earlier.to <= later.from + SKEW;
      if (!isApart || earlier.term >= later.term) wrong.push([earlier, later]);
    }
    assertEquals(wrong, []);
  }

  #newest(matches: (tenure: Tenure) => boolean): Tenure | undefined {
    return [...this.#tenures.values()].filter(matches)
      .sort((a, b) => b.term - a.term)[0];
  }

  #admitted(node: string, term: number, time: number): void {
    this.admissions++;
    const key = `${node} ${term}`;
    const tenure = this.#tenures.get(key);
    if (tenure === undefined) {
      this.#tenures.set(key, { node, term, from: time, to: time });
    } else tenure.to = Math.max(tenure.to, time);
  }

  /** Kills those that are left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#all) each.signal("SIGKILL");
    await Promise.all(this.#all.map((each) => each.ended()));
  }
}
