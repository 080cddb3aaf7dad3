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
import type { Tail } from "./_tail_cache.ts";
import {
  followingTrail,
  formatTrail,
  type Trail,
  type Waypoint,
} from "./_trail.ts";
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
  readonly tail: Tail | undefined;
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
export const MAX_HEADER_BYTES = 1_024;

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
      const { tail } = entries[0]!;
      const trail = followingTrail(tail!, tail!.trail);
      const headers = new EncodedHeaders(headerLines(entries[0]!, trail, 1));
      const options = { headers, timeout, covers: undefined };
      this.#mux.call(draft.subject, draft.payload, options, take, fail);
      return;
    }
    // An id of its own for each attempt: the server refuses one used again.
    const batchId = `${this.#writer}.${(this.#batches++).toString(36)}`;
    const trails = trailsInBatch(entries);
    const headersOf = (i: number) => {
      const lines = headerLines(entries[i]!, trails[i]!, i + 1) +
        `${Header.batchId}: ${batchId}\r\n${Header.batchSequence}: ${
          i + 1
        }\r\n`;
      return new EncodedHeaders(
        i < last ? lines : `${lines}${Header.batchCommit}: 1\r\n`,
      );
    };
    try {
      for (let i = 0; i < last; i++) {
        const { subject, payload } = entries[i]!.draft;
        this.#mux.publish(subject, payload, { headers: headersOf(i) });
      }
    } catch (error) {
      return fail(error);
    }
    const headers = headersOf(last);
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

function headerLines(
  { draft, tail, save }: Entry,
  trail: Trail,
  position: number,
): string {
  const lines =
    `${Header.msgId}: ${draft.msgId}\r\n${Header.save}: ${save}\r\n` +
    `${Header.trail}: ${formatTrail(trail, position)}\r\n`;
  return tail === undefined
    ? lines
    : `${lines}${Header.expectedSequence}: ${tail.sequence}\r\n`;
}

/** The trails of a batch's entries, whose own sequences are not known yet. */
function trailsInBatch(entries: readonly Entry[]): Trail[] {
  const last = new Map<string, { at: Waypoint; trail: Trail | undefined }>();
  return entries.map(({ draft: { event }, tail }, i) => {
    const { actorId, version } = event;
    const { at, trail } = tail === undefined
      ? last.get(actorId)!
      : { at: tail, trail: tail.trail };
    const own = followingTrail(at, trail);
    last.set(actorId, { at: { version, sequence: -(i + 1) }, trail: own });
    return own;
  });
}

/**
 * The tails that entries make once they are stored.
 *
 * @param sequence That of the last entry; they lie in the stream without gaps.
 */
export function tailsAfter(
  entries: readonly Entry[],
  sequence: number,
): Map<string, Tail> {
  const tails = new Map<string, Tail>();
  const first = sequence - entries.length + 1;
  entries.forEach(({ draft: { event }, tail }, i) => {
    const { actorId, version, id } = event;
    const before = tail ?? tails.get(actorId)!;
    tails.set(actorId, {
      version,
      sequence: first + i,
      eventId: id,
      trail: followingTrail(before, before.trail),
    });
  });
  return tails;
}
