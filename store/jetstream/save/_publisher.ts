/**
 * Sends entries: one as a message, several as an atomic batch.
 *
 * @module
 */

import { EncodedHeaders } from "../../../internal/nats/encoding.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { Header } from "../stream/stored_message.ts";
import {
  followingTrail,
  formatTrail,
  type Trail,
  type Waypoint,
} from "../stream/trail.ts";
import type { Entry } from "./_entry.ts";
import type { Batch } from "./_queued_save.ts";

/** The most bytes the headers of a message take beside its id and trace. */
export const MAX_HEADER_BYTES = 1_024;

/** Sends batches, each in one round trip. */
export class Publisher {
  readonly #mux: Multiplexer;
  readonly #writer: string;
  readonly #headers = new EncodedHeaders();
  #batches = 0;

  /** @param writer Names this writer among all that write to the stream. */
  constructor(mux: Multiplexer, writer: string) {
    this.#mux = mux;
    this.#writer = writer;
  }

  /** Sends the entries of a batch: all are stored or none is. */
  send(batch: Batch): void {
    const { entries } = batch;
    const last = entries.length - 1;
    const { payload } = entries[last]!.draft;
    if (last === 0) {
      const lines = headerLines(entries[0]!, entries[0]!.trail!);
      this.#mux.call(batch, payload, this.#headers.rewrite(lines));
      return;
    }
    // A new id for each attempt: the server refuses one that was used before.
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
      return batch.fail(error);
    }
    this.#mux.call(batch, payload, headersOf(last));
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
