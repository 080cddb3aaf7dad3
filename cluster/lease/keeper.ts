/**
 * Drives the state machine of a lease with clocks, timers and requests.
 *
 * @module
 */

import { isInTime } from "../../internal/waiting.ts";
import { readClocks, type Reading } from "./clock.ts";
import { LeaseMachine } from "./machine.ts";
import type { LeaseEvent, LeaseOptions, LeaseRequest } from "./protocol.ts";
import type { LeaseReply } from "./protocol.ts";
import type { LeaseRegister } from "./register.ts";

/** What a keeper needs beside its register. */
export interface LeaseKeeperOptions extends
  Pick<
    LeaseOptions,
    "holder" | "settings" | "isNameUnique" | "data" | "termAbove"
  > {
  /** Tells this life of the node from every other one. @default random */
  readonly incarnation?: string | undefined;
  /** Hears what has changed, after the state is what it says. */
  onEvent(event: LeaseEvent): void;
  /** Hears after each reply, for what has been seen may be new. */
  onSight?(): void;
  /** Hears why a request failed; undefined when one succeeded. */
  onOutcome?(error: unknown): void;
}

/** Contends for one lease until it is stopped. */
export class LeaseKeeper {
  readonly #machine: LeaseMachine;
  readonly #register: LeaseRegister;
  readonly #options: LeaseKeeperOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRunning = false;
  /** Who waits for the lease to be given up. */
  #left: PromiseWithResolvers<void> | undefined;

  constructor(register: LeaseRegister, options: LeaseKeeperOptions) {
    const { incarnation = crypto.randomUUID() } = options;
    this.#register = register;
    this.#options = options;
    this.#machine = new LeaseMachine({
      holder: options.holder,
      settings: options.settings,
      isNameUnique: options.isNameUnique,
      ...(options.data && { data: options.data }),
      ...(options.termAbove && { termAbove: options.termAbove }),
      incarnation,
      random: Math.random,
      nonce: () => crypto.randomUUID(),
    });
  }

  /** The state. */
  get machine(): LeaseMachine {
    return this.#machine;
  }

  /** Whether this node has the lease at this very moment. */
  isHeld(now: Reading = readClocks()): boolean {
    this.#machine.tick(now);
    this.#tell();
    return this.#machine.isHeld(now);
  }

  /** Begins to contend. */
  start(): void {
    this.#isRunning = true;
    this.#run();
  }

  /** Looks soon, such as after a hint that something has changed. */
  poke(): void {
    if (!this.#isRunning) return;
    this.#machine.poke(readClocks());
    this.#run();
  }

  /** Renews soon, for what the record tells has changed. */
  refresh(): void {
    if (!this.#isRunning) return;
    this.#machine.refresh(readClocks());
    this.#run();
  }

  /**
   * Gives the lease up, if this node has it, and contends on. Its window ends
   * at once, and others are let in when `done` resolves. If that has not
   * resolved when the window would have ended, or has ended already, they wait
   * for the lease to lapse. Resolves when they have been let in, or wait.
   */
  async release(done: Promise<unknown>): Promise<void> {
    if (!this.#isRunning) return;
    const left = Math.max(0, this.#machine.windowEnd - performance.now());
    this.#machine.resign(readClocks());
    this.#run();
    const isDone = left === Infinity || await isInTime(done, left);
    if (!this.#isRunning) return;
    if (isDone) this.#machine.release(readClocks());
    else this.#machine.abandon(readClocks());
    this.#left ??= Promise.withResolvers();
    const { promise } = this.#left;
    this.#run();
    await promise;
  }

  /** Contends no more from now on, and tells nobody. */
  stop(): void {
    if (!this.#isRunning) return;
    this.#machine.abandon(readClocks());
    this.#run();
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  readonly #run = (): void => {
    if (!this.#isRunning) return;
    const request = this.#machine.next(readClocks());
    if (request !== undefined) this.#send(request);
    this.#tell();
    if (this.#left !== undefined && !this.#machine.isLeaving) {
      this.#left.resolve();
      this.#left = undefined;
    }
    clearTimeout(this.#timer);
    const { wakeAt } = this.#machine;
    if (wakeAt === Infinity) return; // a reply is awaited
    this.#timer = setTimeout(
      this.#run,
      Math.max(0, wakeAt - performance.now()),
    );
  };

  async #send(request: LeaseRequest): Promise<void> {
    const reply = await this.#ask(request);
    if (!this.#isRunning) return;
    this.#machine.reply(request.id, reply, readClocks());
    this.#options.onSight?.();
    this.#run();
  }

  async #ask(request: LeaseRequest): Promise<LeaseReply> {
    const { retry } = this.#options.settings;
    try {
      if (request.kind === "read") {
        const sight = await this.#register.read(retry);
        this.#options.onOutcome?.(undefined);
        return { kind: "read", sight };
      }
      const revision = await this.#register.write(request, retry);
      this.#options.onOutcome?.(undefined);
      return revision === undefined
        ? { kind: "refused" }
        : { kind: "stored", revision };
    } catch (error) {
      this.#options.onOutcome?.(error);
      return { kind: "failed" };
    }
  }

  #tell(): void {
    for (const event of this.#machine.takeEvents()) {
      this.#options.onEvent(event);
    }
  }
}
