/**
 * One attempt to store messages: a publish of one, or an atomic batch of
 * several, in one round trip.
 *
 * @module
 */

import type { Msg } from "@nats-io/nats-core";
import { EncodedHeaders } from "../../../internal/nats/encoding.ts";
import type { ConnectionWatch } from "../../../internal/nats/connection_watch.ts";
import type { JetStreamApiError } from "../../../internal/nats/errors.ts";
import { isApiError, JetStreamCode } from "../../../internal/nats/js_api.ts";
import type { Call } from "../../../internal/nats/call.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { type Ack, AckReader } from "../../../internal/nats/acknowledgement.ts";
import type { EncodedEvent } from "../../../event/event_codec.ts";
import { LeaderChangedError } from "../stream/attempt_outcome.ts";
import { Header } from "../stream/stored_message.ts";
import type { StreamWatch } from "../stream/stream_watch.ts";
import type { Tail } from "../read/tail_cache.ts";
import {
  followingTrail,
  formatTrail,
  type Trail,
  type Waypoint,
} from "../stream/trail.ts";

/**
 * An event that is ready to be sent, and what is needed of it, for the event
 * itself may change after the call.
 *
 * Like most of what each save makes and drops, it is an instance of a class:
 * literals that outlive a collection V8 soon allocates as old, and each of them
 * then keeps alive what it holds until the next full collection.
 */
export class Draft {
  readonly id: string;
  readonly actorId: string;
  readonly version: number;
  readonly timestamp: string;
  readonly subject: string;
  /** The event's id, as a header value. */
  readonly msgId: string;
  readonly payload: Uint8Array;
  /** Header lines of the trace that it was saved in; empty without one. */
  readonly trace: string;

  constructor(
    { id, actorId, version, timestamp }: EncodedEvent["fields"],
    subject: string,
    msgId: string,
    payload: Uint8Array,
    trace: string,
  ) {
    this.id = id;
    this.actorId = actorId;
    this.version = version;
    this.timestamp = timestamp;
    this.subject = subject;
    this.msgId = msgId;
    this.payload = payload;
    this.trace = trace;
  }
}

/** A draft, and where its actor must be when it is stored. */
export class Entry {
  readonly draft: Draft;
  /** Undefined behind another entry of its actor. */
  readonly tail: Tail | undefined;
  /** Its own, which follows from the tail. */
  readonly trail: Trail | undefined;
  /** Names the call, see {@linkcode Header.save}. */
  readonly save: string;

  constructor(draft: Draft, tail: Tail | undefined, save: string) {
    this.draft = draft;
    this.tail = tail;
    this.trail = tail && followingTrail(tail, tail.trail);
    this.save = save;
  }
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

/** The most bytes the headers of a message take beside its id and trace. */
export const MAX_HEADER_BYTES = 1_024;

/** Sends attempts. */
export class Publisher {
  readonly #mux: Multiplexer;
  readonly #watch: StreamWatch;
  readonly #writer: string;
  readonly #acks: AckReader;
  readonly #headers = new EncodedHeaders();
  #batches = 0;

  /** @param writer Names this writer among all that write to the stream. */
  constructor(mux: Multiplexer, watch: StreamWatch, writer: string) {
    this.#mux = mux;
    this.#watch = watch;
    this.#writer = writer;
    this.#acks = new AckReader(
      watch.stream.name,
      () => watch.stream.domain,
    );
  }

  /** Sends the entries: all are stored or none is. */
  send(
    entries: readonly Entry[],
    timeout: number,
    handlers: AttemptHandlers,
  ): void {
    const last = entries.length - 1;
    const { subject, payload } = entries[last]!.draft;
    const covers = last === 0
      ? undefined
      : entries.map(({ draft }) => draft.subject);
    const attempt = new Attempt(
      subject,
      timeout,
      covers,
      this.#acks,
      this.#watch,
      this.#mux.watch,
      handlers,
    );
    if (last === 0) {
      const lines = headerLines(entries[0]!, entries[0]!.trail!);
      this.#mux.call(attempt, payload, this.#headers.rewrite(lines));
      return;
    }
    // An id of its own for each attempt: the server refuses one used again.
    const batchId = `${this.#writer}.${(this.#batches++).toString(36)}`;
    const trails = trailsInBatch(entries);
    const headersOf = (i: number) => {
      const lines = headerLines(entries[i]!, trails[i]!) +
        `${Header.batchId}: ${batchId}\r\n${Header.batchSequence}: ${
          i + 1
        }\r\n`;
      return this.#headers.rewrite(
        i < last ? lines : `${lines}${Header.batchCommit}: 1\r\n`,
      );
    };
    const acks = this.#mux.batchAcks();
    try {
      for (let i = 0; i < last; i++) {
        const { subject, payload } = entries[i]!.draft;
        const headers = headersOf(i);
        this.#mux.publish(subject, payload, { headers });
        acks.published(subject.length + headers.byteLength + payload.length);
      }
    } catch (error) {
      return handlers.failed(error);
    }
    this.#mux.call(attempt, payload, headersOf(last));
  }
}

/** An attempt that waits for its acknowledgement. */
class Attempt implements Call {
  readonly subject: string;
  readonly timeout: number;
  readonly covers: readonly string[] | undefined;
  readonly #acks: AckReader;
  readonly #watch: StreamWatch;
  readonly #connection: ConnectionWatch;
  /** As known when it was sent, see `StreamIdentity`. */
  readonly #leadership: string;
  readonly #handlers: AttemptHandlers;

  constructor(
    subject: string,
    timeout: number,
    covers: readonly string[] | undefined,
    acks: AckReader,
    watch: StreamWatch,
    connection: ConnectionWatch,
    handlers: AttemptHandlers,
  ) {
    this.subject = subject;
    this.timeout = timeout;
    this.covers = covers;
    this.#acks = acks;
    this.#watch = watch;
    this.#connection = connection;
    this.#leadership = watch.stream.leadership;
    this.#handlers = handlers;
  }

  take({ data }: Msg): boolean {
    const plain = this.#acks.plainSequence(data);
    if (plain > 0) {
      this.#handlers.stored(plain, false);
      return true;
    }
    let ack: Ack | undefined;
    try {
      ack = this.#acks.read(data);
    } catch (error) {
      if (isApiError(error, JetStreamCode.batchIncomplete)) {
        this.#failIncomplete(error);
      } else this.#handlers.failed(error);
      return true;
    }
    if (ack === undefined) return false;
    this.#handlers.stored(ack.sequence, ack.duplicate);
    return true;
  }

  /** A leader that ends its term answers nothing of what it had not stored. */
  late(): Error | undefined {
    if (this.#watch.stream.leadership !== this.#leadership) {
      return new LeaderChangedError(this.subject);
    }
    this.#watch.refreshLeader();
    return undefined;
  }

  fail(error: unknown): void {
    this.#handlers.failed(error);
  }

  /**
   * Messages of the batch are missing. If the user may not publish them, the
   * server has said so before, but nats.js hands that on a little later.
   */
  #failIncomplete(incomplete: JetStreamApiError): void {
    let reason: Error = incomplete;
    const stop = this.#connection.listen({
      denied: (error) => {
        if (this.covers?.includes(error.subject)) reason = error;
      },
    });
    setTimeout(() => {
      stop();
      this.#handlers.failed(reason);
    }, 0);
  }
}

function headerLines(
  { draft, tail, save }: Entry,
  trail: Trail,
): string {
  const lines =
    `${Header.msgId}: ${draft.msgId}\r\n${Header.save}: ${save}\r\n` +
    `${Header.trail}: ${formatTrail(trail)}\r\n${draft.trace}`;
  return tail === undefined
    ? lines
    : `${lines}${Header.expectedSequence}: ${tail.sequence}\r\n`;
}

/** The trails of a batch's entries, whose own sequences are not known yet. */
function trailsInBatch(entries: readonly Entry[]): Trail[] {
  const last = new Map<string, { at: Waypoint; trail: Trail }>();
  return entries.map(({ draft: { actorId, version }, trail }, i) => {
    const before = last.get(actorId);
    const own = trail ?? followingTrail(before!.at, before!.trail);
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
  entries.forEach(({ draft: { actorId, version, id }, trail }, i) => {
    const before = tails.get(actorId);
    tails.set(actorId, {
      version,
      sequence: first + i,
      eventId: id,
      trail: trail ?? followingTrail(before!, before!.trail),
    });
  });
  return tails;
}
