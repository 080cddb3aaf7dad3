/**
 * Candidates in processes of their own, and what they write down.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { LeaderElectionOptions } from "../../../cluster/mod.ts";
import { waitFor } from "../../support/conditions.ts";
import { ReportingProcess } from "../../support/reporting_process.ts";
import { Stalls } from "../../support/stalls.ts";
import { type Tenure, Tenures } from "../../support/tenures.ts";
import type { CandidateOptions } from "./candidate.ts";

const SCRIPT = new URL("candidate.ts", import.meta.url);

/** A process that takes part. */
export class Candidate extends ReportingProcess {
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

  /** Starts it. */
  constructor(
    node: string,
    options: CandidateOptions,
    admitted: (term: number, time: number) => void,
    held: (from: number, to: number) => void,
  ) {
    super(SCRIPT, options, (word, values) => {
      if (word === "held") held(Number(values[0]), Number(values[1]));
      if (word === "joined") this.hasJoined = true;
      if (word === "server") this.server = values[0]!;
      if (word === "silence") {
        this.silence = Math.max(this.silence, Number(values[0]));
      }
      if (word !== "admission") return;
      this.lastLed = Number(values[1]);
      admitted(Number(values[0]), this.lastLed);
    });
    this.node = node;
  }
}

/** The candidates of one election. Disposing kills them. */
export class Fleet implements AsyncDisposable {
  readonly #options: LeaderElectionOptions;
  readonly #all: Candidate[] = [];
  readonly #tenures = new Tenures();
  /** When one of them was held up. */
  readonly stalls: Stalls = new Stalls();
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
      (term, time) => {
        this.admissions++;
        this.#tenures.note(node, term, time);
      },
      (from, to) => this.stalls.note(from, to),
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
    return { leader, term: tenure.fence, from: tenure.from };
  }

  /** Who leads now. */
  leader(): ReturnType<Fleet["leaderAfter"]> {
    return this.leaderAfter(Date.now());
  }

  /** Checks that no two led at a time, and that terms rose. */
  check(): void {
    assertEquals([...this.#tenures.wrong()], []);
  }

  #newest(matches: (tenure: Tenure) => boolean): Tenure | undefined {
    return this.#tenures.sorted().filter(matches)
      .sort((a, b) => b.fence - a.fence)[0];
  }

  /** Kills those that are left. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#all) each.signal("SIGKILL");
    await Promise.all(this.#all.map((each) => each.ended()));
  }
}
