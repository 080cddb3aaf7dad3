/**
 * Which actors nobody has asked for of late.
 *
 * @module
 */

/** Forgets actors that were not used for a while, or whose shard has moved. */
export class IdleActors {
  readonly #after: number;
  readonly #forget: (actorId: string) => void;
  /** When each was used last, and its shard; the longest unused first. */
  readonly #used = new Map<string, { at: number; shard: number }>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** @param after Milliseconds. */
  constructor(after: number, forget: (actorId: string) => void) {
    this.#after = after;
    this.#forget = forget;
  }

  /** An actor is used. */
  use(actorId: string, shard: number): void {
    if (this.#isClosed) return; // a handler that outlasted its node
    this.#used.delete(actorId); // to the end
    this.#used.set(actorId, { at: performance.now(), shard });
    this.#timer ??= setTimeout(this.#sweep, this.#after);
  }

  /** Forgets the actors of a shard. */
  release(shard: number): void {
    for (const [actorId, used] of this.#used) {
      if (used.shard === shard) this.#drop(actorId);
    }
  }

  /** Ends the timer, for good. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#used.clear();
  }

  readonly #sweep = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const [actorId, { at }] of this.#used) {
      const left = at + this.#after - now;
      if (left > 0) {
        this.#timer = setTimeout(this.#sweep, left);
        return;
      }
      this.#drop(actorId);
    }
  };

  #drop(actorId: string): void {
    this.#used.delete(actorId);
    this.#forget(actorId);
  }
}
