/**
 * A simulated process that drives the state machine that ships.
 *
 * @module
 */

import type { Reading } from "../../cluster/lease/clock.ts";
import type { LeaseMachine } from "../../cluster/lease/machine.ts";
import type {
  LeaseEvent,
  LeaseOptions,
  LeaseReply,
  LeaseRequest,
} from "../../cluster/lease/protocol.ts";
import {
  type LeaseSettings,
  resolveDurations,
} from "../../cluster/lease/settings.ts";
import { Random } from "../support/history/random.ts";
import type { Timeline } from "./timeline.ts";

/** Makes a machine: that of the library, or one with a bug planted. */
export type MakeMachine = (options: LeaseOptions) => LeaseMachine;

/** What a node does to the world. */
export interface NodeWorld {
  readonly timeline: Timeline;
  readonly makeMachine: MakeMachine;
  /** Sends a request; replies may come never, late, and more than once. */
  send(
    node: SimulatedNode,
    request: LeaseRequest,
    reply: (reply: LeaseReply) => void,
  ): void;
  /** Hears what has changed. */
  happened(node: SimulatedNode, event: LeaseEvent): void;
}

/** The wall clock at the start, in milliseconds. */
const EPOCH = 1_700_000_000_000;

/** One process after another on one machine. */
export class SimulatedNode {
  readonly id: number;
  readonly #world: NodeWorld;
  readonly #rate: number;
  readonly #settings: LeaseSettings;
  readonly #random: Random;
  /** The process; undefined while none runs. */
  machine: LeaseMachine | undefined;
  #lives = 0;
  #nonces = 0;
  #wake = 0;
  #pausedUntil = 0;
  /** How long the machine was suspended, and by how much its clock jumped. */
  #suspended = 0;
  #suspendedSince: number | undefined;
  #jumped = 0;

  constructor(
    id: number,
    world: NodeWorld,
    options: { rate: number; lease: number; seed: number },
  ) {
    this.id = id;
    this.#world = world;
    this.#rate = options.rate;
    const { lease } = options;
    this.#settings = resolveDurations({ lease }, "simulate");
    this.#random = new Random(options.seed);
  }

  /** Starts a process that knows nothing. */
  start(): void {
    const life = `${this.id}.${++this.#lives}`;
    this.machine = this.#world.makeMachine({
      holder: `node-${this.id}`,
      incarnation: life,
      settings: this.#settings,
      random: () => this.#random.next(),
      nonce: () => `${life}.${++this.#nonces}`,
    });
    this.#run();
  }

  /** Kills the process. */
  kill(): void {
    this.machine = undefined;
    this.#wake++;
  }

  /** Stops the process until a time. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }

  /** Suspends the machine until a time. */
  suspend(until: number): void {
    const { timeline } = this.#world;
    this.pause(until);
    if (this.#suspendedSince !== undefined) return;
    this.#suspendedSince = timeline.now;
    timeline.at(until, () => {
      this.#suspended += timeline.now - this.#suspendedSince!;
      this.#suspendedSince = undefined;
    });
  }

  /** Has the wall clock jump. */
  jump(by: number): void {
    this.#jumped += by;
  }

  /** Gives the lease up. */
  release(): void {
    this.#whenRunning(() => {
      this.machine?.release(this.readClocks());
      this.#run();
    });
  }

  /** What the clocks show. */
  readClocks(): Reading {
    const { now } = this.#world.timeline;
    const since = this.#suspendedSince;
    const suspended = this.#suspended + (since === undefined ? 0 : now - since);
    return {
      monotonic: this.#rate * (now - suspended),
      wall: EPOCH + this.#rate * now + this.#jumped,
    };
  }

  /** Whether the process would say right now that it leads. */
  isLeader(): boolean {
    return this.machine?.isHeld(this.readClocks()) ?? false;
  }

  readonly #run = (): void => {
    const { machine } = this;
    if (machine === undefined) return;
    const now = this.readClocks();
    const request = machine.next(now);
    for (const event of machine.takeEvents()) {
      this.#world.happened(this, event);
    }
    if (request !== undefined) this.#send(machine, request);
    if (machine.wakeAt === Infinity) return;
    const { timeline } = this.#world;
    const wake = ++this.#wake;
    const wait = Math.max(1, machine.wakeAt - now.monotonic) / this.#rate;
    timeline.at(timeline.now + wait, () => {
      this.#whenRunning(() => {
        if (wake === this.#wake) this.#run();
      });
    });
  };

  #send(machine: LeaseMachine, request: LeaseRequest): void {
    const { timeline } = this.#world;
    const take = (reply: LeaseReply) => {
      this.#whenRunning(() => {
        if (machine !== this.machine) return;
        machine.reply(request.id, reply, this.readClocks());
        this.#run();
      });
    };
    this.#world.send(this, request, take);
    timeline.at(
      timeline.now + this.#settings.retry / this.#rate,
      () => take({ kind: "failed" }),
    );
  }

  #whenRunning(run: () => void): void {
    const { timeline } = this.#world;
    if (timeline.now >= this.#pausedUntil) return run();
    timeline.at(this.#pausedUntil, () => this.#whenRunning(run));
  }
}
