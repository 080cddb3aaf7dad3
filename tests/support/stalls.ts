/**
 * When processes and servers stood still, so that bounds on time can be judged
 * on a busy machine.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { NatsConnection } from "@nats-io/nats-core";

/** How often a process looks, in milliseconds. */
const INTERVAL = 50;
/** What is later than this is told of, in milliseconds. */
const LATE = 50;
/** How much all that is less late may add up to, in milliseconds. */
const MARGIN = 500;

/**
 * Has a process tell when it was held up, or its server was: it asks that for
 * something again and again, by a timer. It ends with the connection.
 *
 * @param now Milliseconds since 1970, by a clock that does not jump.
 * @param held Hears from when to when.
 */
export async function watchStalls(
  nc: NatsConnection,
  now: () => number,
  held: (from: number, to: number) => void,
): Promise<void> {
  while (!nc.isClosed()) {
    const from = now();
    const timer = new Promise((resolve) => setTimeout(resolve, INTERVAL));
    // What is not answered at all is late as well.
    await nc.request("$JS.API.INFO", "", { timeout: 60_000 }).catch(() => {});
    await timer;
    const to = now();
    if (to - from > INTERVAL + LATE) held(from, to);
  }
}

/** What is promised. */
export interface TimePromise {
  /** How long it takes at most, in milliseconds. */
  readonly within: number;
  /** After how long a request is tried again, in milliseconds. */
  readonly retry: number;
  /**
   * An observer that is held up for so long begins to observe anew, in
   * milliseconds.
   */
  readonly blindAfter: number;
}

/** All times in which something stood still, in milliseconds since 1970. */
export class Stalls {
  readonly #stalls: { from: number; to: number }[] = [];

  /** Something stood still. */
  note(from: number, to: number): void {
    this.#stalls.push({ from, to });
  }

  /**
   * By when something must have come about that is promised from a time on:
   * what stood still does not count.
   */
  deadline(
    from: number,
    { within, retry, blindAfter }: TimePromise,
  ): number {
    let deadline = from + within + MARGIN;
    let stoodUntil = from;
    for (const stall of this.#stalls.toSorted((a, b) => a.from - b.from)) {
      if (stall.to <= stoodUntil || stall.from > deadline) continue;
      const held = stall.to - Math.max(stall.from, stoodUntil);
      stoodUntil = stall.to;
      deadline += held + retry;
      if (stall.to - stall.from >= blindAfter) {
        deadline = Math.max(deadline, stall.to + within + MARGIN);
      }
    }
    return deadline;
  }

  /** Checks that something has come about in time. */
  judge(from: number, to: number, promise: TimePromise, what: string): void {
    const allowed = this.deadline(from, promise) - from;
    const [took, most] = [to - from, allowed].map(Math.round);
    const stalls = this.#stalls.filter((each) => each.to > from)
      .map((each) => [each.from - from, each.to - from].map(Math.round));
    assert(
      to - from <= allowed,
      `${took} ms, not ${most} (stalls: ${JSON.stringify(stalls)})\n${what}`,
    );
  }
}
