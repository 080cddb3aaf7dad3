/**
 * The KV bucket of snapshots, in the layout that KV clients know, over the
 * store's own requests.
 *
 * @module
 */

import { AckReader } from "../../../internal/nats/acknowledgement.ts";
import { EncodedHeaders } from "../../../internal/nats/encoding.ts";
import {
  apiRequest,
  isApiError,
  JetStreamCode,
} from "../../../internal/nats/js_api.ts";
import type { RequestOptions } from "../../../internal/nats/call.ts";
import type { Multiplexer } from "../../../internal/nats/multiplexer.ts";
import { type ReadBounds, untilAnswered } from "../stream/read_retries.ts";
import { isFull } from "../stream/attempt_outcome.ts";
import { type ApiMessage, fromApi, Header } from "../stream/stored_message.ts";
import {
  streamDiffers,
  streamNotFound,
} from "../../../internal/nats/stream_errors.ts";
import { CREATE_ADVICE, streamDeleted } from "../stream/stream.ts";
import { createStream, streamInfo } from "../../../internal/nats/streams.ts";
import { StreamFullError } from "../errors.ts";

/** How a bucket is created. */
export interface BucketSettings {
  readonly create: boolean;
  readonly replicas: number;
  readonly storage: "file" | "memory";
  /** The JetStream domain it is in now; empty if there is none. */
  domain(): string;
}

/** A value, and the revision to replace it at. */
export interface BucketEntry {
  /** Undefined when there is none, or it was deleted. */
  readonly data: Uint8Array | undefined;
  /** 0 for a key that was never written. */
  readonly revision: number;
}

/** Opens the bucket; creates it if there is none and `create` says so. */
export async function openBucket(
  mux: Multiplexer,
  bucket: string,
  { create, replicas, storage, domain }: BucketSettings,
): Promise<SnapshotBucket> {
  const action = "open store";
  const stream = `KV_${bucket}`;
  const subjects = [`$KV.${bucket}.>`];
  let info = await streamInfo(mux, stream);
  if (info === undefined) {
    if (!create) throw streamNotFound(action, stream, CREATE_ADVICE);
    info = await createStream(mux, {
      name: stream,
      subjects,
      retention: "limits",
      discard: "new",
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      deny_delete: true,
      allow_direct: true,
      num_replicas: replicas,
      storage,
    }, action);
  }
  const found = info.config.subjects;
  if (JSON.stringify(found) !== JSON.stringify(subjects)) {
    const difference = { setting: "subjects", expected: subjects, found };
    throw streamDiffers(action, stream, [difference]);
  }
  return new SnapshotBucket(mux, bucket, domain);
}

/** Values by key, each with a revision that only rises. */
export class SnapshotBucket {
  readonly #mux: Multiplexer;
  readonly #stream: string;
  readonly #root: string;
  readonly #acks: AckReader;

  /**
   * @param bucket The name of a bucket that is there.
   * @param domain The JetStream domain it is in now; empty if there is none.
   */
  constructor(mux: Multiplexer, bucket: string, domain: () => string) {
    this.#mux = mux;
    this.#stream = `KV_${bucket}`;
    this.#root = `$KV.${bucket}`;
    this.#acks = new AckReader(this.#stream, domain);
  }

  /**
   * The value of a key, as the bucket's leader knows it.
   *
   * @throws {StreamSetupError} If the bucket is gone.
   */
  async get(key: string, bounds: ReadBounds): Promise<BucketEntry> {
    try {
      const reply = await this.#repeat(
        "get latest snapshot",
        bounds,
        (options) =>
          apiRequest<ApiMessage>(
            this.#mux,
            `STREAM.MSG.GET.${this.#stream}`,
            { last_by_subj: `${this.#root}.${key}` },
            options,
          ),
      );
      const { data, sequence, header } = fromApi(reply);
      const isDeleted = header("KV-Operation") !== "" ||
        header("Nats-Marker-Reason") !== "";
      return { data: isDeleted ? undefined : data, revision: sequence };
    } catch (error) {
      if (!isApiError(error, JetStreamCode.noMessageFound)) throw error;
      return { data: undefined, revision: 0 };
    }
  }

  /**
   * Replaces the value of a key; false if its revision is another one by now.
   * After a lost answer it may be false although this call replaced it.
   *
   * @throws {StreamSetupError} If the bucket is gone.
   * @throws {StreamFullError} If there is no room for it.
   */
  async replace(
    key: string,
    data: Uint8Array,
    revision: number,
    bounds: ReadBounds,
  ): Promise<boolean> {
    const headers = new EncodedHeaders(
      `${Header.expectedSequence}: ${revision}\r\n`,
    );
    try {
      await this.#repeat(
        "save snapshot",
        bounds,
        (options) =>
          this.#mux.request(
            `${this.#root}.${key}`,
            data,
            { ...options, headers },
            (reply) => this.#acks.read(reply.data) !== undefined,
          ),
      );
      return true;
    } catch (error) {
      if (
        isApiError(
          error,
          JetStreamCode.wrongLastSequence,
          JetStreamCode.wrongLastSequenceUnknown,
        )
      ) return false;
      if (!isFull(error)) throw error;
      throw new StreamFullError("save snapshot", this.#stream, {
        cause: error,
      });
    }
  }

  /** Repeats a request until it is answered, as the stream's reads are. */
  #repeat<T>(
    action: string,
    bounds: ReadBounds,
    attempt: (options: RequestOptions) => Promise<T>,
  ): Promise<T> {
    const { signal } = bounds;
    const verify = async (_: string, options: RequestOptions) => {
      const info = await streamInfo(this.#mux, this.#stream, options);
      if (info === undefined) throw streamDeleted(action, this.#stream);
    };
    return untilAnswered(
      this.#mux,
      { stream: { replicas: 1 }, verify }, // its leader is asked
      (timeout) => attempt({ timeout, signal }),
      bounds,
    );
  }
}
