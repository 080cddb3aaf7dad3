/**
 * Snapshots in a KV bucket beside the stream.
 *
 * @module
 */

import { encodeActorId } from "../../../internal/nats/names.ts";
import { show } from "../../../internal/show.ts";
import type { ActorHistory } from "../read/actor_history.ts";
import type { ActorTails } from "../read/actor_tails.ts";
import { freezeJson } from "../../../event/json.ts";
import type { ReadBounds } from "../stream/read_retries.ts";
import type { SnapshotBucket } from "./snapshot_bucket.ts";
import { Header } from "../stream/stored_message.ts";
import { backoff, delay } from "../../../internal/waiting.ts";
import { PayloadTooLargeError } from "../../../event/errors.ts";
import type { ActorSnapshot, Consistency } from "../../event_store.ts";
import { JetStreamUnavailableError, StreamNotFoundError } from "../errors.ts";

/** The most bytes the headers of a snapshot take. */
const MAX_HEADER_BYTES = 80;

/** A snapshot as it is kept. */
interface Kept extends ActorSnapshot {
  /** The sequence of its last event. */
  readonly sequence: number;
  /** The incarnation of the stream it was taken of. */
  readonly stream: string;
}

/** The snapshots of a store. */
export class StreamSnapshots {
  readonly #bucket: SnapshotBucket;
  readonly #tails: ActorTails;
  readonly #history: ActorHistory;

  constructor(
    bucket: SnapshotBucket,
    tails: ActorTails,
    history: ActorHistory,
  ) {
    this.#bucket = bucket;
    this.#tails = tails;
    this.#history = history;
  }

  /** The actor's snapshot, if it is one of its history as it is now. */
  async get(
    actorId: string,
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<ActorSnapshot | undefined> {
    const [{ kept }, tail] = await Promise.all([
      this.#load(actorId, bounds).catch(nothingIfGone),
      this.#tails.of(actorId, consistency, bounds),
    ]);
    if (kept === undefined || kept.version > tail.version) return undefined;
    const { mayExpire } = this.#tails.reader.stream;
    if (mayExpire && !(await this.#isContinued(kept, bounds))) return undefined;
    const { version, state, timestamp } = kept;
    return Object.freeze({ actorId, version, state, timestamp });
  }

  /**
   * Keeps a snapshot, unless one of a later event is kept.
   *
   * @throws {RangeError} If its version is above the actor's latest.
   * @throws {PayloadTooLargeError} If the server does not take it.
   */
  async save(snapshot: ActorSnapshot, bounds: ReadBounds): Promise<void> {
    const { actorId, version, state, timestamp } = snapshot;
    const sequence = await this.#sequenceOf(actorId, version, bounds);
    const stream = this.#tails.reader.stream.incarnation;
    const data = new TextEncoder().encode(
      JSON.stringify({ actorId, version, state, timestamp, sequence, stream }),
    );
    this.#checkSize(actorId, data.length);
    const key = encodeActorId(actorId);
    for (let n = 0;; n++) {
      const { kept, revision } = await this.#load(actorId, bounds);
      if (kept !== undefined) {
        // Versions in one gap have the same sequence.
        if (kept.sequence > sequence) return;
        if (kept.sequence === sequence && kept.version > version) return;
      }
      if (await this.#bucket.replace(key, data, revision, bounds)) return;
      // Somebody else was faster: is theirs a later one?
      if (bounds.deadline.left === 0) {
        throw new JetStreamUnavailableError(
          `Cannot save snapshot: others replaced that of actor ${
            show(actorId)
          } again and again until the readTimeout was over`,
        );
      }
      await delay(backoff(n), bounds.signal);
    }
  }

  async #load(
    actorId: string,
    bounds: ReadBounds,
  ): Promise<{ kept: Kept | undefined; revision: number }> {
    const key = encodeActorId(actorId);
    const { data, revision } = await this.#bucket.get(key, bounds);
    const kept = data && parse(data);
    const { incarnation } = this.#tails.reader.stream;
    const isOurs = kept?.stream === incarnation && kept.actorId === actorId;
    return { kept: isOurs ? kept : undefined, revision };
  }

  /** The sequence of the last event in a state of this version. */
  async #sequenceOf(
    actorId: string,
    version: number,
    bounds: ReadBounds,
  ): Promise<number> {
    const tail = await this.#tails.of(actorId, "strong", bounds);
    if (version === tail.version) return tail.sequence;
    if (version > tail.version) {
      throw new RangeError(
        `Cannot save snapshot: version ${version} of actor ${
          show(actorId)
        } is above its latest, ${tail.version}`,
      );
    }
    const range = {
      fromVersion: 0,
      toVersion: version,
      consistency: "eventual",
    } as const;
    for await (
      const [event] of this.#history.backward(actorId, range, 1, bounds)
    ) {
      const last = event!.version;
      const [stored] = await this.#history
        .between(actorId, tail, last, last, bounds);
      return stored?.sequence ?? 0;
    }
    return 0;
  }

  /**
   * Whether no event between the snapshot and the rest of the history is
   * missing: an actor whose events have all expired begins anew at 1, and an
   * old snapshot is none of its new history.
   */
  async #isContinued(
    { actorId, sequence }: Kept,
    bounds: ReadBounds,
  ): Promise<boolean> {
    const subject = this.#tails.subjectOf(actorId);
    // Of a replica that lags it would look as if all had expired.
    const message = await this.#tails.reader
      .fromLeader({ seq: sequence, next_by_subj: subject }, bounds);
    return message !== undefined && (message.sequence === sequence ||
      Number(message.header(Header.expectedSequence)) === sequence);
  }

  #checkSize(actorId: string, bytes: number): void {
    const size = bytes + MAX_HEADER_BYTES;
    const limit = this.#tails.reader.mux.maxPayload;
    if (size <= limit) return;
    throw new PayloadTooLargeError(
      `Cannot save snapshot: that of actor ${
        show(actorId)
      } takes ${size} bytes with its headers, the server takes at most ${limit} (max_payload)`,
      { size, limit },
    );
  }
}

/** A cache that is gone has nothing. */
function nothingIfGone(error: unknown): { kept: undefined } {
  if (error instanceof StreamNotFoundError) return { kept: undefined };
  throw error;
}

const decoder = new TextDecoder();

function parse(data: Uint8Array): Kept | undefined {
  try {
    return freezeJson(JSON.parse(decoder.decode(data)), "");
  } catch {
    return undefined; // a cache: whatever can't be read is not there
  }
}
