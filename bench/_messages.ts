/**
 * Messages made before the clock starts, the same that the store sends, of
 * actors of their own in turn: what it takes to send them is what is left.
 *
 * @module
 */

import { EncodedHeaders, encodeUtf8 } from "../internal/nats/encoding.ts";
import {
  followingTrail,
  formatTrail,
  type Trail,
} from "../store/jetstream/stream/trail.ts";
import type { BareClient } from "./_bare_client.ts";
import { actorNames, orderPlaced } from "./_events.ts";
import { rootOf } from "./_savers.ts";

/** The third byte of an acknowledgement: `{"stream":...` */
export const ACKNOWLEDGED: number = "s".charCodeAt(0);

/** A message as text, all of it ASCII. */
export interface Message {
  readonly subject: string;
  /** Header lines, each closed by CR LF. */
  readonly lines: string;
  readonly payload: string;
}

interface Tail {
  version: number;
  sequence: number;
  trail: Trail | undefined;
}

/** Makes messages. */
export class MessageMaker {
  readonly #subjects: readonly string[];
  readonly #names: readonly string[];
  readonly #tails: Tail[];
  #made = 0;
  #batches = 0;

  constructor(namespace: string, prefix: string, actors: number) {
    this.#names = actorNames(actors, `${prefix}-`);
    this.#subjects = this.#names.map((name) => `${rootOf(namespace)}.${name}`);
    this.#tails = this.#names.map(() => ({
      version: 0,
      sequence: 0,
      trail: undefined,
    }));
  }

  /**
   * The next messages.
   *
   * @param after The last sequence of the stream that they are sent to, which
   * tells what their own sequences will be.
   * @param size Messages of an atomic batch; of 1 there are none.
   */
  make(count: number, after: number, size: number): Message[] {
    return Array.from({ length: count }, (_, i) => {
      const lines = size === 1 ? "" : this.#batchLines(i % size, size);
      return this.#message(after + i + 1, lines);
    });
  }

  /** Header lines of the message at a place in a batch, from 0. */
  #batchLines(place: number, size: number): string {
    if (place === 0) this.#batches++;
    const commit = place === size - 1 ? "Nats-Batch-Commit: 1\r\n" : "";
    const id = `made-before-.${this.#batches.toString(36)}`;
    return `Nats-Batch-Id: ${id}\r\nNats-Batch-Sequence: ${place + 1}\r\n` +
      commit;
  }

  #message(sequence: number, batchLines: string): Message {
    const at = this.#made % this.#names.length;
    const tail = this.#tails[at]!;
    const trail = followingTrail(tail, tail.trail);
    const event = orderPlaced(this.#names[at]!, tail.version + 1);
    const save = `made-before-${(this.#made++).toString(36)}`;
    const lines = `Nats-Msg-Id: ${event.id}\r\nAether-Save: ${save}\r\n` +
      `Aether-Trail: ${formatTrail(trail)}\r\n` +
      `Nats-Expected-Last-Subject-Sequence: ${tail.sequence}\r\n` +
      batchLines;
    this.#tails[at] = { version: event.version, sequence, trail };
    const payload = JSON.stringify(event);
    return { subject: this.#subjects[at]!, lines, payload };
  }
}

/** A message as bytes, as nats.js takes it. */
interface Encoded {
  readonly subject: string;
  readonly headers: EncodedHeaders;
  readonly payload: Uint8Array;
}

/**
 * Sends messages over nats.js, a batch in one round trip: what a client takes
 * that has nothing else to do than that.
 */
export class MadeBefore {
  readonly #client: BareClient;
  readonly #messages: readonly Encoded[];
  readonly #size: number;

  /** @param size As {@linkcode MessageMaker.make} was given it. */
  constructor(client: BareClient, messages: readonly Message[], size: number) {
    this.#client = client;
    this.#size = size;
    this.#messages = messages.map(({ subject, lines, payload }) => ({
      subject,
      headers: new EncodedHeaders(lines),
      payload: encodeUtf8(payload),
    }));
  }

  /** Sends the batch, or the message, at a place among all. */
  async send(place: number): Promise<void> {
    const last = (place + 1) * this.#size - 1;
    for (let i = place * this.#size; i < last; i++) {
      const { subject, headers, payload } = this.#messages[i]!;
      this.#client.connection.publish(subject, payload, { headers });
    }
    const { subject, headers, payload } = this.#messages[last]!;
    const { data } = await this.#client.request(subject, payload, headers);
    if (data[2] !== ACKNOWLEDGED) {
      throw new Error(`refused: ${new TextDecoder().decode(data)}`);
    }
  }
}
