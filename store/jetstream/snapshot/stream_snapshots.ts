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
import { isSetupError } from "../../../internal/nats/stream_errors.ts";
import { JetStreamUnavailableError } from "../errors.ts";

/** The most bytes the headers of a snapshot take. */
const MAX_HEADER_BYTES = 80;

/** A snapshot as it is stored. */
interface StoredSnapshot extends ActorSnapshot {
  /** The sequence of its last event. */
  readonly sequence: number;
  /** The incarnation of the stream it belongs to. */
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

  /**
   * The actor's snapshot, if it belongs to its present history.
   *
   * @param schema The one that it must have; undefined for any.
   */
  async get(
    actorId: string,
    schema: string | undefined,
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<ActorSnapshot | undefined> {
    const [{ stored }, tail] = await Promise.all([
      this.#load(actorId, bounds).catch(nothingIfGone),
      this.#tails.of(actorId, consistency, bounds),
    ]);
    if (stored === undefined || stored.version > tail.version) return undefined;
    if (schema !== undefined && stored.schema !== schema) return undefined;
    const { mayExpire } = this.#tails.reader.stream;
    if (mayExpire && !(await this.#isContinued(stored, bounds))) {
      return undefined;
    }
    const { version, state, timestamp } = stored;
    const snapshot = { actorId, version, state, timestamp };
    return Object.freeze(
      stored.schema === undefined
        ? snapshot
        : { ...snapshot, schema: stored.schema },
    );
  }

  /**
   * Stores a snapshot, unless one of a later event is stored.
   *
   * @returns Whether it is stored.
   * @throws {RangeError} If its version is above the actor's latest.
   * @throws {PayloadTooLargeError} If it exceeds the server's limit.
   */
  async save(snapshot: ActorSnapshot, bounds: ReadBounds): Promise<boolean> {
    const { actorId, version } = snapshot;
    let loading = this.#load(actorId, bounds);
    loading.catch(() => {}); // asked for before the sequence is known
    const sequence = await this.#sequenceOf(actorId, version, bounds);
    const stream = this.#tails.reader.stream.incarnation;
    const data = new TextEncoder().encode(
      JSON.stringify({ ...snapshot, sequence, stream }),
    );
    this.#checkSize(actorId, data.length);
    const key = encodeActorId(actorId);
    for (let n = 0;; n++) {
      const { stored, revision } = await loading;
      if (stored !== undefined) {
        // Versions in one gap have the same sequence.
        const isLater = stored.sequence > sequence ||
          (stored.sequence === sequence && stored.version > version);
        if (isLater) return false;
      }
      try {
        if (await this.#bucket.replace(key, data, revision, bounds)) {
          return true;
        }
      } catch (error) {
        this.#checkSize(actorId, data.length); // the limit was lowered
        throw error;
      }
      // Another save was faster: is its snapshot a later one?
      if (bounds.deadline.left === 0) {
        throw new JetStreamUnavailableError(
          `Cannot save snapshot: others replaced that of actor ${
            show(actorId)
          } again and again until the readTimeout was over`,
        );
      }
      await delay(backoff(n), bounds.signal);
      loading = this.#load(actorId, bounds);
    }
  }

  async #load(
    actorId: string,
    bounds: ReadBounds,
  ): Promise<{ stored: StoredSnapshot | undefined; revision: number }> {
    const key = encodeActorId(actorId);
    const { data, revision } = await this.#bucket.get(key, bounds);
    const stored = data && parse(data);
    const { incarnation } = this.#tails.reader.stream;
    const isOurs = stored?.stream === incarnation && stored.actorId === actorId;
    return { stored: isOurs ? stored : undefined, revision };
  }

  /** The sequence of the last event up to a version. */
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
    return await this.#history.lastUpTo(actorId, tail, version, bounds);
  }

  /**
   * Whether no event between the snapshot and the rest of the history is
   * missing: an actor whose events have all expired begins anew at 1, and an
   * old snapshot has no place in its new history.
   */
  async #isContinued(
    { actorId, sequence }: StoredSnapshot,
    bounds: ReadBounds,
  ): Promise<boolean> {
    const subject = this.#tails.subjectOf(actorId);
    // On a lagging replica all would seem to have expired.
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

/** Snapshots are a cache: without its bucket it is empty. */
function nothingIfGone(error: unknown): { stored: undefined } {
  if (isSetupError(error, "not-found")) return { stored: undefined };
  throw error;
}

const decoder = new TextDecoder();

function parse(data: Uint8Array): StoredSnapshot | undefined {
  try {
    return freezeJson(JSON.parse(decoder.decode(data)), "");
  } catch {
    return undefined; // a cache: an unreadable entry counts as none
  }
}
