/**
 * One attempt to store messages: a publish of one, or an atomic batch of
 * several, in one round trip.
 *
 * @module
 */

import { type MsgHdrs, MsgHdrsImpl } from "@nats-io/nats-core";
import { parseApiReply } from "../nats/js_api.ts";
import type { Multiplexer } from "../nats/multiplexer.ts";
import { PayloadTooLargeError } from "./errors.ts";
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

/** A draft, and the sequence its actor must be at when it is stored. */
export interface Entry {
  readonly draft: Draft;
  /** Undefined behind another entry of its actor. */
  readonly expectedSequence: number | undefined;
}

/** What the server says of an attempt that it accepted. */
export interface Acknowledgement {
  /** The sequence of the last message. */
  readonly sequence: number;
  /** Whether a single message was known by its id, so that nothing was stored. */
  readonly duplicate: boolean;
}

/** Bytes a header block takes beside names and values. */
const HEADER_FRAME = "NATS/1.0\r\n\r\n".length;

/** Sends attempts. */
export class Publisher {
  readonly #mux: Multiplexer;
  #batches = 0;

  constructor(mux: Multiplexer) {
    this.#mux = mux;
  }

  /**
   * Sends the entries and resolves with what the server answers.
   *
   * @param save Names the call, see {@linkcode Header.save}.
   * @throws {PayloadTooLargeError} Before anything is sent.
   * @throws {JetStreamApiError} If the server refuses.
   */
  async send(
    entries: readonly Entry[],
    save: string,
    options: { timeout: number; signal: AbortSignal | undefined },
  ): Promise<Acknowledgement> {
    // An id of its own for each attempt: the server refuses one used again.
    const batchId = entries.length > 1
      ? `${save}.${(this.#batches++).toString(36)}`
      : undefined;
    const headers = entries.map((entry, i) =>
      this.#headers(entry, save, batchId, i + 1, entries.length)
    );
    const last = entries.length - 1;
    for (let i = 0; i < last; i++) {
      const { subject, payload } = entries[i]!.draft;
      this.#mux.publish(subject, payload, { headers: headers[i] });
    }
    const { subject, payload } = entries[last]!.draft;
    const reply = await this.#mux.request(subject, payload, {
      headers: headers[last],
      covers: entries.map(({ draft }) => draft.subject),
      ...options,
    });
    const ack = parseApiReply<{ seq: number; duplicate?: boolean }>(reply.data);
    return { sequence: ack.seq, duplicate: ack.duplicate ?? false };
  }

  #headers(
    { draft, expectedSequence }: Entry,
    save: string,
    batchId: string | undefined,
    position: number,
    count: number,
  ): MsgHdrs {
    const record: Record<string, string> = {
      [Header.msgId]: draft.msgId,
      [Header.save]: save,
    };
    if (expectedSequence !== undefined) {
      record[Header.expectedSequence] = String(expectedSequence);
    }
    if (batchId !== undefined) {
      record[Header.batchId] = batchId;
      record[Header.batchSequence] = String(position);
      if (position === count) record[Header.batchCommit] = "1";
    }
    let size = HEADER_FRAME + draft.payload.length;
    const values: Record<string, string[]> = {};
    for (const [name, value] of Object.entries(record)) {
      size += name.length + value.length + 4;
      values[name] = [value];
    }
    const limit = this.#mux.maxPayload;
    if (size > limit) {
      const { id, actorId, version } = draft.event;
      throw new PayloadTooLargeError(
        `Cannot save event: version ${version} of actor ${
          JSON.stringify(actorId)
        } (id ${
          JSON.stringify(id)
        }) takes ${size} bytes with its headers, the server takes at most ${limit} (max_payload)`,
        { size, limit },
      );
    }
    return MsgHdrsImpl.fromRecord(values);
  }
}
