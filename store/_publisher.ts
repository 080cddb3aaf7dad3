/**
 * One attempt to store messages: a publish of one, or an atomic batch of
 * several, in one round trip.
 *
 * @module
 */

import type { Msg } from "@nats-io/nats-core";
import { EncodedHeaders } from "../nats/encoding.ts";
import { parseApiReply } from "../nats/js_api.ts";
import type { Multiplexer } from "../nats/multiplexer.ts";
import { Header } from "./_stored_message.ts";
import type { AnyEvent } from "./event.ts";

/** An event that is ready to be sent. */
export interface Draft {
  /** What is needed of the event, which may change after the call. */
  readonly event: Pick<AnyEvent, "id" | "actorId" | "version">;
  readonly subject: string;
  /** The event's id, as a header value. */
  readonly msgId: string;
  readonly payload: Uint8Array;
}

/** A draft, and where its actor must be when it is stored. */
export interface Entry {
  readonly draft: Draft;
  /** Undefined behind another entry of its actor. */
  readonly expectedSequence: number | undefined;
  /** Names the call, see {@linkcode Header.save}. */
  readonly save: string;
}

/** Hears how an attempt ended; exactly one of the two is called, once. */
export interface AttemptHandlers {
  /**
   * @param sequence That of the last message.
   * @param duplicate Whether a single message was known by its id, so that
   * nothing was stored.
   */
  stored(sequence: number, duplicate: boolean): void;
  failed(error: unknown): void;
}

/** The most bytes the headers of a message take beside its id. */
export const MAX_HEADER_BYTES = 320;

const decoder = new TextDecoder();

/** Sends attempts. */
export class Publisher {
  readonly #mux: Multiplexer;
  readonly #writer: string;
  readonly #ackStart: string;
  #batches = 0;

  /** @param writer Names this writer among all that write to the stream. */
  constructor(mux: Multiplexer, stream: string, writer: string) {
    this.#mux = mux;
    this.#writer = writer;
    this.#ackStart = `{"stream":"${stream}","seq":`;
  }

  /** Sends the entries: all are stored or none is. */
  send(
    entries: readonly Entry[],
    timeout: number,
    handlers: AttemptHandlers,
  ): void {
    const take = (msg: Msg) => {
      this.#acknowledge(msg, handlers);
      return true;
    };
    const fail = (error: unknown) => handlers.failed(error);
    const last = entries.length - 1;
    const { draft } = entries[last]!;
    if (last === 0) {
      const headers = new EncodedHeaders(headerLines(entries[0]!));
      const options = { headers, timeout, covers: undefined };
      this.#mux.call(draft.subject, draft.payload, options, take, fail);
      return;
    }
    // An id of its own for each attempt: the server refuses one used again.
    const batchId = `${this.#writer}.${(this.#batches++).toString(36)}`;
    const batch = (entry: Entry, position: number) =>
      `${headerLines(entry)}${Header.batchId}: ${batchId}\r\n` +
      `${Header.batchSequence}: ${position}\r\n`;
    try {
      for (let i = 0; i < last; i++) {
        const { subject, payload } = entries[i]!.draft;
        const headers = new EncodedHeaders(batch(entries[i]!, i + 1));
        this.#mux.publish(subject, payload, { headers });
      }
    } catch (error) {
      return fail(error);
    }
    const commit = `${Header.batchCommit}: 1\r\n`;
    const headers = new EncodedHeaders(
      batch(entries[last]!, last + 1) + commit,
    );
    const covers = entries.map(({ draft }) => draft.subject);
    const options = { headers, timeout, covers };
    this.#mux.call(draft.subject, draft.payload, options, take, fail);
  }

  #acknowledge({ data }: Msg, handlers: AttemptHandlers): void {
    // What most answers look like is read without a parser.
    const text = decoder.decode(data);
    const plain = text.startsWith(this.#ackStart)
      ? Number(text.slice(this.#ackStart.length, -1))
      : NaN;
    if (plain > 0) return handlers.stored(plain, false);
    let ack: { seq: number; duplicate?: boolean };
    try {
      ack = parseApiReply(data);
    } catch (error) {
      return handlers.failed(error);
    }
    handlers.stored(ack.seq, ack.duplicate ?? false);
  }
}

function headerLines({ draft, expectedSequence, save }: Entry): string {
  const lines =
    `${Header.msgId}: ${draft.msgId}\r\n${Header.save}: ${save}\r\n`;
  return expectedSequence === undefined
    ? lines
    : `${lines}${Header.expectedSequence}: ${expectedSequence}\r\n`;
}
