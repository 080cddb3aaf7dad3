/**
 * Inboxes for answers of many messages.
 *
 * A reply in an inbox that serves one request at a time is told apart by the
 * subscription it comes in on. By its subject it costs more, for nats.js
 * decodes that anew for each message: a tenth of the processor time of reading
 * 10,000 events.
 *
 * @module
 */

import type { Msg, Subscription } from "@nats-io/nats-core";

/**
 * With more reads than this at once the server is the bottleneck; the others
 * share an inbox.
 */
const MAX_INBOXES = 8;

/** What an inbox needs of a connection. */
export interface Receiver {
  /** A subject that nobody else has. */
  createInbox(): string;
  subscribe(
    subject: string,
    callback: (error: Error | null, msg: Msg) => void,
  ): Subscription;
  /** Takes a reply to the request that has a token. */
  reply(token: number, msg: Msg): void;
}

/** An inbox that serves one request at a time. */
export class Inbox {
  /** What is subscribed to. */
  readonly subject: string;
  readonly subscription: Subscription;
  /** The token of the request that it serves. */
  token = -1;
  /** Whether anything has ever come in. */
  isProven = false;

  /** @param failed Hears that nothing will come in any more. */
  constructor(receiver: Receiver, failed: (inbox: Inbox) => void) {
    this.subject = receiver.createInbox();
    this.subscription = receiver.subscribe(this.subject, (error, msg) => {
      if (error !== null) return failed(this);
      this.isProven = true;
      receiver.reply(this.token, msg);
    });
  }
}

/** Inboxes that are used again, each by one request after the other. */
export class InboxPool {
  readonly #receiver: Receiver;
  readonly #all = new Set<Inbox>();
  #free: Inbox[] = [];
  /** Whether a server may have refused a subscription without naming it. */
  #isDoubtful = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  /** An inbox for one request; undefined when there is none to be had. */
  acquire(): Inbox | undefined {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#isDoubtful || this.#all.size === MAX_INBOXES) return undefined;
    const inbox = new Inbox(this.#receiver, (failed) => this.discard(failed));
    this.#all.add(inbox);
    return inbox;
  }

  /** Takes back one whose request has had its last reply. */
  release(inbox: Inbox): void {
    if (this.#all.has(inbox)) this.#free.push(inbox);
  }

  /**
   * Does away with one whose request may still be answered.
   *
   * @param isLate Whether the reply did not come in time. If nothing ever came,
   * the connection may have as many subscriptions as it is allowed, of which
   * the server says no more than that: then there are no new ones for a while.
   */
  discard(inbox: Inbox, isLate = false): void {
    if (isLate && !inbox.isProven) this.#isDoubtful = true;
    if (!this.#all.delete(inbox)) return;
    this.#free = this.#free.filter((free) => free !== inbox);
    inbox.subscription.unsubscribe();
  }

  /** Makes new ones again: the connection is another. */
  retry(): void {
    this.#isDoubtful = false;
  }

  /** Does away with all of them. */
  close(): void {
    for (const inbox of this.#all) this.discard(inbox);
  }
}
