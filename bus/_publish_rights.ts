/**
 * Detects that the server refuses publishes: it reports refusals on the
 * connection, with the subject.
 *
 * @module
 */

import {
  ConnectionLostError,
  namingCall,
  permissionDenied,
} from "../internal/nats/errors.ts";
import type { Link } from "./_link.ts";

/**
 * How long a first publish waits for a server that does not answer: in so many
 * steps, so that time in which this process itself stood still does not count.
 */
const ANSWER_TIMEOUT_MS = 1000;
const ANSWER_STEPS = 10;

/** The most subject prefixes to remember. */
const MAX_PLACES = 10_000;

interface Probe {
  readonly subject: string;
  denied: boolean;
}

/**
 * Makes the first publish to a place (a namespace and event type) wait for the
 * server, so that a missing right fails it. Later ones do not wait: their
 * refusals are reported when they come.
 */
export class PublishRights {
  readonly #link: Link;
  readonly #proven = new Set<string>();
  readonly #probes = new Set<Probe>();

  constructor(link: Link) {
    this.#link = link;
  }

  /** Whether publishes to a place need not wait. */
  has(place: string): boolean {
    return this.#proven.has(place);
  }

  /**
   * Waits until the server has handled the event just published.
   *
   * @throws {PermissionDeniedError} If it was refused.
   * @throws {ConnectionLostError | ConnectionClosedError} If the connection
   * is lost before, or if the server has never answered and does not now.
   */
  async prove(place: string, subject: string): Promise<void> {
    const probe: Probe = { subject, denied: false };
    this.#probes.add(probe);
    let timer: ReturnType<typeof setInterval> | undefined;
    try {
      const confirmed = this.#link.confirm().then(() => true);
      const late = new Promise<false>((resolve) => {
        let steps = 0;
        timer = setInterval(() => {
          if (++steps === ANSWER_STEPS) resolve(false);
        }, ANSWER_TIMEOUT_MS / ANSWER_STEPS);
      });
      const known = await Promise.race([confirmed, late]);
      if (probe.denied) {
        throw namingCall("publish", permissionDenied("publish", subject));
      }
      if (!known) {
        if (this.#link.answered) return;
        const message =
          `Cannot publish: the server did not answer within ${ANSWER_TIMEOUT_MS} ms`;
        throw new ConnectionLostError(message, { sent: true });
      }
      if (this.#proven.size === MAX_PLACES) this.#proven.clear();
      this.#proven.add(place);
    } finally {
      clearInterval(timer);
      this.#probes.delete(probe);
    }
  }

  /**
   * Takes the report that the server refused a subject. The next publish to
   * its place waits again.
   *
   * @returns Whether a waiting publish fails with it.
   */
  denied(place: string, subject: string): boolean {
    this.#proven.delete(place);
    let hasWaiter = false;
    for (const probe of this.#probes) {
      if (probe.subject !== subject) continue;
      probe.denied = true;
      hasWaiter = true;
    }
    return hasWaiter;
  }
}
