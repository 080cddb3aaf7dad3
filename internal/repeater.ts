/**
 * Doing something again and again.
 *
 * @module
 */

/**
 * Runs a function again and again, one run at a time: after as many
 * milliseconds as the last run gave, or as soon as it is poked.
 */
export class Repeater {
  readonly #run: () => Promise<number>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;
  #isPoked = false;
  #isStopped = false;

  /**
   * @param run Gives how long to wait before the next run, in milliseconds. It
   * must not fail.
   */
  constructor(run: () => Promise<number>) {
    this.#run = run;
  }

  /** Runs at once, or again when the present run ends. */
  poke(): void {
    if (this.#isStopped) return;
    if (this.#running !== undefined) this.#isPoked = true;
    else this.#running = this.#repeat();
  }

  /** Runs no more; resolves when the present run has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #repeat(): Promise<void> {
    clearTimeout(this.#timer);
    let wait: number;
    do {
      this.#isPoked = false;
      wait = await this.#run();
    } while (this.#isPoked && !this.#isStopped);
    this.#running = undefined;
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => this.poke(), wait);
  }
}
