/**
 * Acknowledgements of messages published to a stream.
 *
 * @module
 */

import { encodeUtf8 } from "./encoding.ts";
import { type ApiReply, throwIfRefused } from "./js_api.ts";

const decoder = new TextDecoder();

/** A stream's acknowledgement. */
export interface Ack {
  /** That of the message, or of a batch's last one. */
  readonly sequence: number;
  /** Whether the message was known by its id, so that nothing was stored. */
  readonly duplicate: boolean;
}

/** The fields a reply may have, whoever sent it. */
interface Reply extends ApiReply {
  readonly stream?: string;
  readonly domain?: string;
  readonly seq?: number;
  readonly duplicate?: boolean;
}

/**
 * Reads the acknowledgements of one stream. Whoever else listens on a subject
 * may reply to what is published there: such replies are ignored, also those of
 * a stream of the same name in another JetStream domain, at the other end of a
 * leaf node. A refusal of the latter can't be told apart: it names no domain.
 */
export class AckReader {
  readonly #stream: string;
  readonly #domainNow: () => string;
  #domain = "";
  /** The beginning of most acknowledgements. */
  #start: Uint8Array;

  /**
   * @param domain The stream's JetStream domain as it is now; empty if it has
   * none.
   */
  constructor(stream: string, domain: () => string) {
    this.#stream = stream;
    this.#domainNow = domain;
    this.#start = encodeUtf8(`{"stream":"${stream}","seq":`);
  }

  /**
   * The sequence of an acknowledgement that says nothing else, as most do; 0
   * for another reply. It takes 0.06 us where parsing JSON takes 0.5, of the 15
   * that a save takes.
   */
  plainSequence(data: Uint8Array): number {
    this.#lookForDomain();
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
    this.#lookForDomain();
    let reply: Reply | null;
    try {
      reply = JSON.parse(decoder.decode(data));
    } catch {
      return undefined;
    }
    const { stream = "", domain = "", seq, duplicate = false } = reply ?? {};
    if (stream === "" || stream === this.#stream) throwIfRefused(reply);
    const isOwn = stream === this.#stream && domain === this.#domain;
    if (!isOwn || !Number.isSafeInteger(seq) || seq! <= 0) return undefined;
    return { sequence: seq!, duplicate };
  }

  /** Servers may be given a domain, or another one, when they start anew. */
  #lookForDomain(): void {
    const domain = this.#domainNow();
    if (domain === this.#domain) return;
    this.#domain = domain;
    const where = domain === "" ? "" : `"domain":${JSON.stringify(domain)},`;
    this.#start = encodeUtf8(`{"stream":"${this.#stream}",${where}"seq":`);
  }
}
