/**
 * Simulated processes: the code that ships runs in them as it is, with clocks,
 * timers and chance of their own in the place of the runtime's.
 *
 * @module
 */

import type { Random } from "../../support/history/random.ts";
import type { Timeline } from "../timeline.ts";

/** The wall clock at the start, in milliseconds. */
const EPOCH = 1_700_000_000_000;

/** So many steps of promises one event may set off. */
const TICKS = 120;

/** Whose code runs. */
let current: Process | undefined;

/** A timer of a process. */
class SimulatedTimer {
  isCleared = false;
}

/** A process on a machine of its own, with clocks of its own. */
export class Process {
  readonly #timeline: Timeline;
  readonly #rate: number;
  readonly #random: Random;
  #isDead = false;
  #pausedUntil = 0;
  #suspended = 0;
  #suspendedSince: number | undefined;
  #jumped = 0;

  constructor(timeline: Timeline, rate: number, random: Random) {
    this.#timeline = timeline;
    this.#rate = rate;
    this.#random = random;
  }

  /** Whether it was killed, or has ended. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Whether it runs: it is neither dead nor stopped. */
  get isRunning(): boolean {
    return !this.#isDead && this.#timeline.now >= this.#pausedUntil;
  }

  /** Ends it: nothing of it runs any more. */
  kill(): void {
    this.#isDead = true;
  }

  /** Stops it until a time. */
  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }

  /** Suspends its machine until a time: the monotonic clock stands still. */
  suspend(until: number): void {
    this.pause(until);
    if (this.#suspendedSince !== undefined) return;
    this.#suspendedSince = this.#timeline.now;
    this.#timeline.at(until, () => {
      this.#suspended += this.#timeline.now - this.#suspendedSince!;
      this.#suspendedSince = undefined;
    });
  }

  /** Has the wall clock jump. */
  jump(by: number): void {
    this.#jumped += by;
  }

  /** Runs something in the process, as soon as it runs. */
  run(body: () => void): void {
    if (this.#isDead) return;
    if (!this.isRunning) {
      this.#timeline.at(this.#pausedUntil, () => this.run(body));
      return;
    }
    this.look(body);
  }

  /**
   * Runs something with the process's clocks, also while it is stopped. What it
   * sets off has to settle before another process runs.
   */
  look<T>(body: () => T): T {
    current = this;
    return body();
  }

  /** Has something run after so many milliseconds of its clock. */
  after(ms: number, body: () => void): SimulatedTimer {
    const timer = new SimulatedTimer();
    const at = this.#timeline.now + Math.max(1, ms) / this.#rate;
    this.#timeline.at(at, () => {
      this.run(() => {
        if (!timer.isCleared) body();
      });
    });
    return timer;
  }

  /** `performance.now()`. */
  monotonic(): number {
    const { now } = this.#timeline;
    const since = this.#suspendedSince;
    const suspended = this.#suspended + (since === undefined ? 0 : now - since);
    return this.#rate * (now - suspended);
  }

  /** `Date.now()`. */
  wall(): number {
    return EPOCH + this.#rate * this.#timeline.now + this.#jumped;
  }

  /** `Math.random()`. */
  chance(): number {
    return this.#random.next();
  }
}

/**
 * Replaces the runtime's clocks, timers and chance by those of the process
 * whose code runs. Disposing puts them back.
 */
export class SimulatedRuntime implements Disposable {
  readonly #stack = new DisposableStack();
  #uuids = 0;

  constructor() {
    this.#replace(
      performance,
      "now",
      (real) => () => current?.monotonic() ?? real.call(performance),
    );
    this.#replace(Date, "now", (real) => () => current?.wall() ?? real());
    this.#replace(Math, "random", (real) => () => current?.chance() ?? real());
    this.#replace(
      crypto,
      "randomUUID",
      (real) => () =>
        current === undefined
          ? real.call(crypto)
          : `${++this.#uuids}-0-0-0-0` as const,
    );
    this.#replace(
      globalThis,
      "setTimeout",
      (real) =>
        ((body: () => void, ms = 0) =>
          current?.after(ms, body) ?? real(body, ms)) as typeof setTimeout,
    );
    this.#replace(globalThis, "clearTimeout", (real) => (timer?: unknown) => {
      if (timer instanceof SimulatedTimer) timer.isCleared = true;
      else real(timer as number);
    });
    this.#stack.defer(() => current = undefined);
  }

  /**
   * Lets the promises of what ran last go on, until all of them wait.
   *
   * @returns The process that ran, if one did.
   */
  async settle(): Promise<Process | undefined> {
    const process = current;
    if (process === undefined) return undefined;
    for (let tick = 0; tick < TICKS; tick++) await undefined;
    current = undefined;
    return process;
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }

  #replace<T, K extends keyof T>(
    target: T,
    name: K,
    make: (real: T[K]) => T[K],
  ): void {
    const real = target[name];
    target[name] = make(real);
    this.#stack.defer(() => target[name] = real);
  }
}
