/**
 * Acknowledgements of what was published to a stream.
 *
 * @module
 */

import { encodeUtf8 } from "../nats/encoding.ts";
import { JetStreamApiError } from "../nats/errors.ts";
import { parseApiReply } from "../nats/js_api.ts";

/** What a stream says of a message that it stored. */
export interface Ack {
  /** That of the message, or of a batch's last one. */
  readonly sequence: number;
  /** Whether the message was known by its id, so that nothing was stored. */
  readonly duplicate: boolean;
}

/**
 * Reads the acknowledgements of one stream. Whoever else listens on a subject
 * may reply to what is published there: that is none. It may be a stream of
 * the same name, in the JetStream domain at the other end of a leaf node.
 */
export class AckReader {
  readonly #stream: string;
  readonly #domain: string;
  /** What most acknowledgements begin with. */
  readonly #start: Uint8Array;

  /** @param domain The stream's JetStream domain; empty if it has none. */
  constructor(stream: string, domain: string) {
    this.#stream = stream;
    this.#domain = domain;
    const where = domain === "" ? "" : `"domain":${JSON.stringify(domain)},`;
    this.#start = encodeUtf8(`{"stream":"${stream}",${where}"seq":`);
  }

  /**
   * The sequence, without a parser, of an acknowledgement that says nothing
   * else, as most do; 0 for another reply.
   */
  plainSequence(data: Uint8Array): number {
    const start = this.#start;
    const end = data.length - 1;
    for (let i = 0; i < start.length; i++) if (data[i] !== start[i]) return 0;
    let sequence = 0;
    for (let i = start.length; i < end; i++) {
      const digit = data[i]! - 0x30;
      if (digit < 0 || digit > 9) return 0;
      sequence = sequence * 10 + digit;
    }
    return sequence;
  }

  /**
   * What a reply says; undefined if it is not the stream's.
   *
   * @throws {JetStreamApiError} If the stream refused.
   */
  read(data: Uint8Array): Ack | undefined {
    let reply: {
      stream?: string;
      domain?: string;
      seq?: number;
      duplicate?: boolean;
    };
    try {
      reply = parseApiReply(data);
    } catch (error) {
      if (error instanceof JetStreamApiError) throw error;
      return undefined; // no JSON
    }
    const { stream, domain = "", seq, duplicate = false } = reply;
    const isOwn = stream === this.#stream && domain === this.#domain;
    if (!isOwn || !Number.isSafeInteger(seq) || seq! <= 0) return undefined;
    return { sequence: seq!, duplicate };
  }
}
