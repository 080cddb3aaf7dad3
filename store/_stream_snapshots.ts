/**
 * Snapshots in a KV bucket beside the stream.
 *
 * @module
 */

import { type KV, Kvm } from "@nats-io/kv";
import { StorageType } from "@nats-io/jetstream";
import { JetStreamCode } from "../nats/js_api.ts";
import type { Multiplexer } from "../nats/multiplexer.ts";
import { encodeActorId } from "../nats/names.ts";
import { show } from "../nats/show.ts";
import type { ActorHistory } from "./_actor_history.ts";
import { Header } from "./_stored_message.ts";
import { streamInfo } from "./_stream.ts";
import type { ReadBounds } from "./_stream_reader.ts";
import { backoff, delay, untilAborted } from "./_waiting.ts";
import { PayloadTooLargeError } from "./errors.ts";
import type { ActorSnapshot, Consistency } from "./event_store.ts";
import { StreamNotFoundError } from "./jetstream_errors.ts";

/** A snapshot as it is kept. */
interface Kept extends ActorSnapshot {
  /** The sequence of its last event. */
  readonly sequence: number;
  /** The incarnation of the stream it was taken of. */
  readonly stream: string;
}

/** What a bucket is made with. */
export interface BucketSettings {
  readonly create: boolean;
  readonly replicas: number;
  readonly storage: "file" | "memory";
}

/** Finds the bucket, or makes it. */
export async function openBucket(
  mux: Multiplexer,
  bucket: string,
  { create, replicas, storage }: BucketSettings,
): Promise<KV> {
  const kvm = new Kvm(mux.connection);
  const info = await streamInfo(mux, `KV_${bucket}`);
  if (info !== undefined) return await kvm.open(bucket);
  if (!create) throw new StreamNotFoundError("open store", `KV_${bucket}`);
  return await kvm.create(bucket, {
    history: 1,
    replicas,
    storage: storage === "file" ? StorageType.File : StorageType.Memory,
  });
}

/** The snapshots of a store. */
export class StreamSnapshots {
  readonly #kv: KV;
  readonly #history: ActorHistory;

  constructor(kv: KV, history: ActorHistory) {
    this.#kv = kv;
    this.#history = history;
  }

  /** The actor's snapshot, if it is one of its history as it is now. */
  async get(
    actorId: string,
    consistency: Consistency,
    bounds: ReadBounds,
  ): Promise<ActorSnapshot | undefined> {
    const [{ kept }, tail] = await Promise.all([
      this.#load(actorId, bounds),
      this.#history.tail(actorId, consistency, bounds),
    ]);
    if (kept === undefined || kept.version > tail.version) return undefined;
    const { mayExpire } = this.#history.reader.stream;
    if (mayExpire && !(await this.#isContinued(kept, bounds))) return undefined;
    const { version, state, timestamp } = kept;
    return { actorId, version, state, timestamp };
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
    const stream = this.#history.reader.stream.incarnation;
    const data = new TextEncoder().encode(
      JSON.stringify({ actorId, version, state, timestamp, sequence, stream }),
    );
    this.#checkSize(actorId, data.length);
    const key = encodeActorId(actorId);
    for (let n = 0;; n++) {
      const { kept, revision } = await this.#load(actorId, bounds);
      if (kept !== undefined && kept.sequence > sequence) return;
      try {
        await untilAborted(
          revision === 0
            ? this.#kv.create(key, data)
            : this.#kv.update(key, data, revision),
          bounds.signal,
        );
        return;
      } catch (error) {
        // Somebody else was faster: is theirs a later one?
        if (!isOvertaken(error) || bounds.deadline.left === 0) throw error;
        await delay(backoff(n), bounds.signal);
      }
    }
  }

  async #load(
    actorId: string,
    { signal }: ReadBounds,
  ): Promise<{ kept: Kept | undefined; revision: number }> {
    const entry = await untilAborted(
      this.#kv.get(encodeActorId(actorId)),
      signal,
    );
    if (entry === null) return { kept: undefined, revision: 0 };
    const { revision, operation } = entry;
    const kept = operation === "PUT" ? parse(entry.string()) : undefined;
    const { incarnation } = this.#history.reader.stream;
    const isOurs = kept?.stream === incarnation && kept.actorId === actorId;
    return { kept: isOurs ? kept : undefined, revision };
  }

  /** The sequence of the last event in a state of this version. */
  async #sequenceOf(
    actorId: string,
    version: number,
    bounds: ReadBounds,
  ): Promise<number> {
    const tail = await this.#history.tail(actorId, "strong", bounds);
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
      const [stored] = await this.#history.between(actorId, last, last, bounds);
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
    const subject = this.#history.subjectOf(actorId);
    const { items: [message] } = await this.#history.reader.messages(
      subject,
      sequence,
      1,
      bounds,
    );
    return message !== undefined && (message.sequence === sequence ||
      Number(message.header(Header.expectedSequence)) === sequence);
  }

  #checkSize(actorId: string, size: number): void {
    const limit = this.#history.reader.mux.maxPayload;
    if (size <= limit) return;
    throw new PayloadTooLargeError(
      `Cannot save snapshot: that of actor ${
        show(actorId)
      } takes ${size} bytes, the server takes at most ${limit} (max_payload)`,
      { size, limit },
    );
  }
}

function parse(json: string): Kept | undefined {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // a cache: whatever can't be read is not there
  }
}

function isOvertaken(error: unknown): boolean {
  const { code } = error as { code?: number };
  return code === JetStreamCode.wrongLastSequence ||
    code === JetStreamCode.wrongLastSequenceUnknown;
}
