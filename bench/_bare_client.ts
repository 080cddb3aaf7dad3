/**
 * Requests as bare as a client can make them over nats.js: one subscription
 * for all replies, no timer, no error, no retry.
 *
 * @module
 */

import {
  createInbox,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from "@nats-io/nats-core";

/** Sends requests; nothing tells of those that are never answered. */
export class BareClient {
  readonly connection: NatsConnection;
  readonly #inbox = `${createInbox()}.`;
  readonly #subscription: Subscription;
  /** Each tells whether a reply was the last one. */
  readonly #pending = new Map<string, (msg: Msg) => boolean>();
  #next = 0;

  constructor(connection: NatsConnection) {
    this.connection = connection;
    this.#subscription = connection.subscribe(`${this.#inbox}*`, {
      callback: (_, msg) => {
        const token = msg.subject.slice(this.#inbox.length);
        if (this.#pending.get(token)?.(msg)) this.#pending.delete(token);
      },
    });
  }

  /** The one reply to a request. */
  request(
    subject: string,
    payload: Uint8Array | string,
    headers?: MsgHdrs,
  ): Promise<Msg> {
    return new Promise((resolve) => {
      this.#send(subject, payload, headers, (msg) => {
        resolve(msg);
        return true;
      });
    });
  }

  /** Gives `take` each reply until it says that it was the last one. */
  requestMany(
    subject: string,
    payload: string,
    take: (msg: Msg) => boolean,
  ): Promise<void> {
    return new Promise((resolve) => {
      this.#send(subject, payload, undefined, (msg) => {
        const done = take(msg);
        if (done) resolve();
        return done;
      });
    });
  }

  /** Leaves the connection as it was. */
  close(): void {
    this.#subscription.unsubscribe();
  }

  #send(
    subject: string,
    payload: Uint8Array | string,
    headers: MsgHdrs | undefined,
    take: (msg: Msg) => boolean,
  ): void {
    const token = (this.#next++).toString(36);
    this.#pending.set(token, take);
    const reply = this.#inbox + token;
    const options = headers === undefined ? { reply } : { reply, headers };
    this.connection.publish(subject, payload, options);
  }
}
