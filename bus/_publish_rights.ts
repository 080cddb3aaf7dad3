/**
 * Finding out that the server refuses what is published: it tells so beside
 * the connection's messages, and names the subject.
 *
 * @module
 */

import {
  ConnectionLostError,
  permissionDenied,
} from "../internal/nats/errors.ts";
import type { Link } from "./_link.ts";

/** How long a server is waited for that does not answer, in milliseconds. */
const PATIENCE = 1000;

/** The most places that are remembered. */
const MAX_PLACES = 10_000;

interface Probe {
  readonly subject: string;
  denied: boolean;
}

/**
 * The first publish to a place waits for the server, so that a missing right
 * fails it. Later ones don't: what is refused then is told when it is.
 */
export class PublishRights {
  readonly #link: Link;
  readonly #proven = new Set<string>();
  readonly #probes = new Set<Probe>();

  constructor(link: Link) {
    this.#link = link;
  }

  /** Whether nothing has to be waited for. */
  has(place: string): boolean {
    return this.#proven.has(place);
  }

  /**
   * Waits until the server has handled what was just published.
   *
   * @throws {PermissionDeniedError} If it was refused.
   * @throws {ConnectionLostError | ConnectionClosedError} If the connection
   * is lost before, or if the server has never answered and does not now.
   */
  async prove(place: string, subject: string): Promise<void> {
    const probe: Probe = { subject, denied: false };
    this.#probes.add(probe);
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const confirmed = this.#link.confirm().then(() => true);
      const late = new Promise<false>((resolve) => {
        timer = setTimeout(() => resolve(false), PATIENCE);
      });
      const known = await Promise.race([confirmed, late]);
      if (probe.denied) throw permissionDenied("publish", subject);
      if (!known) {
        if (this.#link.answered) return;
        const message = `The server did not answer within ${PATIENCE} ms`;
        throw new ConnectionLostError(message, { sent: true });
      }
      if (this.#proven.size === MAX_PLACES) this.#proven.clear();
      this.#proven.add(place);
    } finally {
      clearTimeout(timer);
      this.#probes.delete(probe);
    }
  }

  /**
   * The server refused a subject. The next publish to its place will find out
   * whether that is still so.
   *
   * @returns Whether a publish that waits is told.
   */
  denied(place: string, subject: string): boolean {
    this.#proven.delete(place);
    let told = false;
    for (const probe of this.#probes) {
      if (probe.subject !== subject) continue;
      probe.denied = true;
      told = true;
    }
    return told;
  }
}
