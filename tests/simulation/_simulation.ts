/**
 * A simulated cluster: runs a schedule and says what went wrong.
 *
 * @module
 */

import { LeaseMachine } from "../../cluster/lease/machine.ts";
import type {
  LeaseEvent,
  LeaseReply,
  LeaseRequest,
} from "../../cluster/lease/protocol.ts";
import { Random } from "../support/history/random.ts";
import { type MakeMachine, SimulatedNode } from "./_node.ts";
import {
  type Conditions,
  type Fault,
  type Schedule,
  scheduleOf,
} from "./_schedule.ts";
import { Servers } from "./_servers.ts";
import { FAULTS_END, LONGEST_DELAY } from "./faults.ts";
import type { Outcome as AnyOutcome, Simulator } from "./search.ts";
import { Timeline } from "./timeline.ts";

/** Records do not expire before they have lapsed, in milliseconds. */
const LEASE = 15_000;

/** How the simulated code is. */
export interface SimulationOptions {
  /** @default the library's */
  readonly makeMachine?: MakeMachine;
  /** Whether keys carry the incarnation of the bucket. @default {true} */
  readonly knowsLives?: boolean;
  /** Whether to write down what happens. @default {false} */
  readonly logs?: boolean;
}

/** What came of a schedule. */
export interface Outcome extends AnyOutcome {
  /** How often a node began to lead, or resumed. */
  readonly grants: number;
}

/**
 * When somebody must lead after the faults have ended: all that was under way
 * has come, was seen unchanged for a lease, and was taken.
 */
const SETTLED = FAULTS_END + LONGEST_DELAY + 25_000;

/** Runs a schedule. */
export function simulate(
  schedule: Schedule,
  options: SimulationOptions = {},
): Outcome {
  return new Simulation(schedule, options).run();
}

/** What a search tries. */
export function simulatorOf(
  options: SimulationOptions = {},
): Simulator<Conditions, Fault> {
  return {
    chaos: [],
    scheduleOf,
    simulate: (schedule, logs) => simulate(schedule, { ...options, logs }),
  };
}

class Simulation {
  readonly #schedule: Schedule;
  readonly #timeline = new Timeline();
  readonly #servers: Servers;
  readonly #nodes: SimulatedNode[];
  readonly #random: Random;
  readonly #cut: { requests: number; replies: number }[];
  readonly #log: string[] = [];
  readonly #logs: boolean;
  #outUntil = 0;
  #staleSince = 0;
  #staleUntil = 0;
  /** What is sent before this time is lost. */
  #lostBefore = 0;
  #noStartBefore = 0;
  #promptUntil = 0;
  /** Since data was lost: whoever knew the last term may be gone with it. */
  #highestTerm = 0;
  #grants = 0;
  #violation: string | undefined;

  constructor(schedule: Schedule, options: SimulationOptions) {
    const { makeMachine = (each) => new LeaseMachine(each) } = options;
    const { rates, leases } = schedule.conditions;
    this.#schedule = schedule;
    this.#logs = options.logs ?? false;
    this.#servers = new Servers(options.knowsLives ?? true);
    this.#random = new Random(schedule.seed);
    this.#cut = rates.map(() => ({ requests: 0, replies: 0 }));
    this.#nodes = rates.map((rate, id) =>
      new SimulatedNode(id, {
        timeline: this.#timeline,
        makeMachine,
        send: (node, request, reply) => this.#send(node, request, reply),
        happened: (node, event) => this.#happened(node, event),
      }, { rate, lease: leases[id]!, seed: schedule.seed + id })
    );
  }

  run(): Outcome {
    for (const node of this.#nodes) {
      this.#timeline.at(this.#random.next() * 2_000, () => node.start());
    }
    for (const fault of this.#schedule.faults) {
      this.#timeline.at(fault.at, () => this.#inject(fault));
    }
    this.#timeline.runUntil(SETTLED);
    const leads = () => this.#nodes.some((node) => node.isLeader());
    if (!leads()) this.#fail("nobody leads though all is well again");
    this.#timeline.runUntil(SETTLED + 10_000);
    if (!leads()) this.#fail("nobody leads any more though all is well");
    return {
      violation: this.#violation,
      grants: this.#grants,
      log: this.#log,
    };
  }

  #inject(fault: Fault): void {
    const { now } = this.#timeline;
    this.#note(() => JSON.stringify(fault));
    const until = "for" in fault ? now + fault.for : now;
    const node = "node" in fault ? this.#nodes[fault.node]! : undefined;
    switch (fault.kind) {
      case "pause":
        return node!.pause(until);
      case "crash":
        node!.kill();
        return this.#restart(node!, until);
      case "suspend":
        return node!.suspend(until);
      case "cut": {
        const cut = this.#cut[fault.node]!;
        if (fault.what !== "replies") cut.requests = until;
        if (fault.what !== "requests") cut.replies = until;
        return;
      }
      case "jump":
        return node!.jump(fault.by);
      case "release":
        return node!.release();
      case "outage":
        this.#outUntil = Math.max(this.#outUntil, until);
        return;
      case "stale":
        this.#staleSince = now;
        this.#staleUntil = until;
        return;
      case "recreate":
        this.#highestTerm = 0;
        return this.#servers.recreate(now);
      case "restore":
        return this.#restore(Math.max(0, now - fault.age), until);
      case "delete":
        this.#highestTerm = 0;
        return this.#servers.delete(now);
      case "expire":
        this.#highestTerm = 0;
        return this.#servers.expire(now, LEASE);
    }
  }

  /**
   * The servers come back with old data. A node that has not seen the last term
   * among what was lost can't tell old from new: it may take a release, or its
   * own record, for the last word; and a renewal that is under way for long may
   * meet the revision it names again. So it is left out if there is such a
   * node, and for a lease none starts and nothing is late.
   */
  #restore(asOf: number, until: number): void {
    const lost = this.#servers.highestTermSince(asOf);
    const isKnown = this.#nodes.every(({ machine }) =>
      machine === undefined || machine.observation.highestTerm >= lost
    );
    if (!isKnown) return this.#note(() => "left out");
    this.#highestTerm = 0;
    // Servers that lose data have been down: connections were lost.
    this.#outUntil = Math.max(this.#outUntil, until);
    this.#lostBefore = until;
    this.#noStartBefore = this.#promptUntil = until + 1.1 * LEASE;
    this.#servers.restore(this.#timeline.now, asOf);
  }

  #restart(node: SimulatedNode, at: number): void {
    this.#timeline.at(at, () => {
      if (this.#timeline.now < this.#noStartBefore) {
        this.#restart(node, this.#noStartBefore);
      } else if (node.machine === undefined) node.start();
    });
  }

  #send(
    node: SimulatedNode,
    request: LeaseRequest,
    reply: (reply: LeaseReply) => void,
  ): void {
    const { now } = this.#timeline;
    const { lost, doubled } = this.#conditions;
    const cut = this.#cut[node.id]!;
    const isLost = () => this.#random.chance(lost);
    const arrival = now + this.#delay();
    if (isLost() || now < cut.requests || now < this.#outUntil) return;
    this.#timeline.at(arrival, () => {
      const isGone = now < this.#lostBefore && arrival >= this.#lostBefore;
      if (isGone || this.#timeline.now < this.#outUntil) return;
      const asOf = request.kind === "read" ? this.#asOf() : arrival;
      const answer = this.#servers.serve(request, arrival, asOf);
      this.#note(() => describeWrite(request, now, answer));
      const times = this.#random.chance(doubled) ? 2 : 1;
      for (let i = 0; i < times; i++) {
        if (isLost() || this.#timeline.now < cut.replies) continue;
        this.#timeline.at(this.#timeline.now + this.#delay(), () => {
          reply(answer);
        });
      }
    });
  }

  get #conditions(): Schedule["conditions"] {
    const { conditions } = this.#schedule;
    if (this.#timeline.now < FAULTS_END) return conditions;
    return { ...conditions, lost: 0, late: 0, doubled: 0, stale: 0 };
  }

  #delay(): number {
    const isLate = this.#random.chance(this.#conditions.late);
    return isLate && this.#timeline.now >= this.#promptUntil
      ? this.#random.next() * LONGEST_DELAY
      : 1 + this.#random.next() * 200;
  }

  /** As of when a read is answered that is served now. */
  #asOf(): number {
    const { now } = this.#timeline;
    if (now < this.#staleUntil && this.#random.chance(0.5)) {
      return this.#staleSince;
    }
    const isStale = this.#random.chance(this.#conditions.stale);
    return isStale ? now - this.#random.next() * 10_000 : now;
  }

  #happened(node: SimulatedNode, event: LeaseEvent): void {
    this.#note(() => `node ${node.id} ${JSON.stringify(event)}`);
    if (event.kind === "ended") return;
    this.#grants++;
    if (!node.isLeader()) return; // it was late, and knows
    const other = this.#nodes.find((each) => each !== node && each.isLeader());
    if (other !== undefined) {
      this.#fail(`nodes ${other.id} and ${node.id} lead`);
    }
    const { term, resumed } = event;
    const rises = resumed
      ? term >= this.#highestTerm
      : term > this.#highestTerm;
    if (!rises) {
      this.#fail(`term ${term} follows ${this.#highestTerm}`);
    }
    this.#highestTerm = Math.max(this.#highestTerm, term);
  }

  #fail(what: string): void {
    this.#violation ??= `at ${seconds(this.#timeline.now)}: ${what}`;
    this.#note(() => `VIOLATION: ${what}`);
  }

  #note(what: () => string): void {
    if (!this.#logs) return;
    this.#log.push(`${seconds(this.#timeline.now)} ${what()}`);
  }
}

function seconds(time: number): string {
  return `${(time / 1000).toFixed(3)} s`;
}

function describeWrite(
  request: LeaseRequest,
  sent: number,
  answer: LeaseReply,
): string {
  if (request.kind === "read") return "read";
  const { expected, record: { nonce, released } } = request;
  const what = answer.kind === "stored" ? answer.revision : answer.kind;
  return `${
    released ? "release" : "write"
  } ${nonce} of revision ${expected}, ` +
    `sent at ${seconds(sent)}: ${what}`;
}
