/**
 * What the save queue works with: saves that wait, and batches that are sent.
 *
 * @module
 */

import type { Msg } from "@nats-io/nats-core";
import type { Call } from "../../../internal/nats/call.ts";
import type { Ack, AckReader } from "../../../internal/nats/acknowledgement.ts";
import type { ConnectionWatch } from "../../../internal/nats/connection_watch.ts";
import { isApiError, JetStreamCode } from "../../../internal/nats/js_api.ts";
import { LeaderChangedError } from "../stream/attempt_outcome.ts";
import type { StreamWatch } from "../stream/stream_watch.ts";
import type { Entry } from "./_entry.ts";

/** How long an attempt waits for its acknowledgement, in milliseconds. */
export const ATTEMPT_TIMEOUT_MS = 5_000;

/**
 * Events of one call that are stored together or not at all, until it is known
 * which. No two saves in the queue have an actor in common.
 */
export interface QueuedSave {
  /** One or more. */
  readonly entries: readonly Entry[];
  /** Milliseconds that an attempt may take, from when it is sent. */
  readonly timeout: number;
  /** When sending it is of no use any more, in monotonic milliseconds. */
  readonly deadline: number;
  /**
   * All entries were stored, or a single one's id was known already, so that
   * nothing was.
   *
   * @param sequence That of the last entry, or of the message with that id.
   */
  stored(sequence: number, duplicate: boolean): void;
  /** The entries were not stored, or it is not known; see `classify`. */
  failed(error: unknown): void;
}

/** Hears how a batch ended: one of the two is called, once. */
export interface BatchListener {
  /** See {@linkcode QueuedSave.stored}. */
  stored(batch: Batch, sequence: number, duplicate: boolean): void;
  failed(batch: Batch, error: unknown): void;
}

/** What the batches of one queue have in common. */
export interface BatchContext {
  readonly acks: AckReader;
  readonly watch: StreamWatch;
  readonly connection: ConnectionWatch;
  readonly listener: BatchListener;
}

/**
 * Saves that are sent together: one message, or an atomic batch of several.
 *
 * A batch of one, and a save of one event, make their arrays when asked: two
 * that live as long as the save took 2 of the 19 us of processor time that it
 * takes.
 */
export class Batch implements Call {
  readonly first: QueuedSave;
  readonly others: readonly QueuedSave[];
  /** How many entries all the saves have. */
  readonly length: number;
  /** Bytes of payload. */
  readonly bytes: number;
  /** The stream's highest sequence that was known when it was sent. */
  readonly highest: number;
  readonly subject: string;
  readonly timeout: number;
  readonly covers: readonly string[] | undefined;
  readonly #context: BatchContext;
  /** The stream's leader when it was sent, see `StreamIdentity`. */
  readonly #leadership: string;

  constructor(
    first: QueuedSave,
    others: readonly QueuedSave[],
    timeout: number,
    highest: number,
    context: BatchContext,
  ) {
    this.first = first;
    this.others = others;
    const { entries } = this;
    this.length = entries.length;
    this.bytes = bytesOf(entries);
    this.highest = highest;
    this.subject = entries.at(-1)!.draft.subject;
    this.timeout = timeout;
    this.covers = entries.length === 1
      ? undefined
      : entries.map(({ draft }) => draft.subject);
    this.#context = context;
    this.#leadership = context.watch.stream.leadership;
  }

  /** Those of all the saves. */
  get entries(): readonly Entry[] {
    const { first, others } = this;
    return others.length === 0
      ? first.entries
      : [first, ...others].flatMap(({ entries }) => entries);
  }

  take({ data }: Msg): boolean {
    const { acks, listener } = this.#context;
    const plain = acks.plainSequence(data);
    if (plain > 0) {
      listener.stored(this, plain, false);
      return true;
    }
    let ack: Ack | undefined;
    try {
      ack = acks.read(data);
    } catch (error) {
      if (isApiError(error, JetStreamCode.batchIncomplete)) {
        this.#failIncomplete(error);
      } else listener.failed(this, error);
      return true;
    }
    if (ack === undefined) return false;
    listener.stored(this, ack.sequence, ack.duplicate);
    return true;
  }

  /** A leader that steps down never answers what it had not stored yet. */
  late(): Error | undefined {
    const { watch } = this.#context;
    if (watch.stream.leadership !== this.#leadership) {
      return new LeaderChangedError(this.subject);
    }
    watch.refreshLeader();
    return undefined;
  }

  fail(error: unknown): void {
    this.#context.listener.failed(this, error);
  }

  /**
   * The server lacks messages of the batch. If the user may not publish them
   * it has said so before, but nats.js passes that on a little later.
   */
  #failIncomplete(incomplete: Error): void {
    const { connection, listener } = this.#context;
    let reason = incomplete;
    const stop = connection.listen({
      denied: (error) => {
        if (this.covers?.includes(error.subject)) reason = error;
      },
    });
    setTimeout(() => {
      stop();
      listener.failed(this, reason);
    }, 0);
  }
}

/** The bytes of the entries' payloads. */
export function bytesOf(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const { draft } of entries) bytes += draft.payload.length;
  return bytes;
}
