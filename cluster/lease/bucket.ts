/**
 * The KV bucket of a cluster.
 *
 * @module
 */

import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { AckReader } from "../../internal/nats/acknowledgement.ts";
import { EncodedHeaders, encodeUtf8 } from "../../internal/nats/encoding.ts";
import {
  NoRespondersError,
  RequestTimeoutError,
} from "../../internal/nats/errors.ts";
import {
  apiRequest,
  isApiError,
  JetStreamCode,
} from "../../internal/nats/js_api.ts";
import type { Multiplexer } from "../../internal/nats/multiplexer.ts";
import {
  type StreamDifference,
  streamDiffers,
  streamNotFound,
} from "../../internal/nats/stream_errors.ts";
import {
  checkServer,
  createStream,
  streamInfo,
} from "../../internal/nats/streams.ts";
import { Deadline } from "../../internal/waiting.ts";

/** How a bucket is found or made. */
export interface ClusterBucketOptions {
  /** Its name, such as `AETHER_CLUSTER_default`. */
  readonly name: string;
  /** Whether to make it if it is not there. */
  readonly create: boolean;
  /** Copies on different servers; one that exists must have so many, if given. */
  readonly replicas: number | undefined;
}

/** What a key has. */
export interface ClusterEntry {
  /** The incarnation of the bucket: revisions start anew with a bucket. */
  readonly bucket: string;
  /** 0 for a key that was never written. */
  readonly revision: number;
  /** Empty for a key that was never written, or was deleted. */
  readonly text: string;
}

/** A write of a key that says what it replaces. */
export interface ClusterWrite {
  readonly key: string;
  /** The incarnation of the bucket it is meant for. */
  readonly bucket: string;
  /** The revision it replaces; 0 for a key that was never written. */
  readonly expected: number;
  readonly text: string;
  /** Lines of headers, each closed by CR LF. */
  readonly headers?: string | undefined;
}

const ACTION = "open cluster";

/** What to do about a bucket that is not there. */
const CREATE_ADVICE =
  "let a user who may create it join with `create: true`, or create it by hand";
const decoder = new TextDecoder();

/**
 * Settings without which values could vanish, or be replaced unchecked. Marks
 * of values that are gone may expire, so that they don't pile up.
 */
const REQUIRED: Partial<StreamConfig> = {
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.New,
  max_msgs_per_subject: 1,
  max_age: 0,
  max_msgs: -1,
  deny_delete: true,
  deny_purge: true,
  allow_rollup_hdrs: false,
  allow_direct: true,
  allow_msg_ttl: true,
};

/**
 * Values by key, replaced by compare-and-set on their revisions.
 *
 * The subjects of the stream carry a random incarnation, which it is made
 * with: what is meant for one life of the bucket finds no stream in the next
 * one, where revisions begin anew.
 */
export class ClusterBucket {
  readonly #mux: Multiplexer;
  readonly #options: ClusterBucketOptions;
  readonly #stream: string;
  readonly #acks: AckReader;
  #incarnation = "";
  #domain = "";

  private constructor(mux: Multiplexer, options: ClusterBucketOptions) {
    this.#mux = mux;
    this.#options = options;
    this.#stream = `KV_${options.name}`;
    this.#acks = new AckReader(this.#stream, () => this.#domain);
  }

  /**
   * Finds the bucket, or makes it.
   *
   * @throws {StreamSetupError} If it is not there and `create` is false, or has
   * other settings.
   */
  static async open(
    mux: Multiplexer,
    options: ClusterBucketOptions,
    signal?: AbortSignal,
  ): Promise<ClusterBucket> {
    await checkServer(mux, ACTION);
    const bucket = new ClusterBucket(mux, options);
    bucket.#identify(
      await streamInfo(mux, bucket.#stream, { signal }) ?? await bucket.#make(),
    );
    return bucket;
  }

  /** What the key's subject is in the life of the bucket that is known. */
  subjectOf(key: string): string {
    return `$KV.${this.#options.name}.${this.#incarnation}.${key}`;
  }

  /**
   * What the bucket's leader has for a key. A bucket that is gone is made
   * again, if it may be made.
   *
   * @throws If that is not known after `timeout` milliseconds.
   */
  async read(key: string, timeout: number): Promise<ClusterEntry> {
    const deadline = new Deadline(timeout);
    for (;;) {
      const bucket = this.#incarnation;
      try {
        const { message } = await apiRequest<StoredValue>(
          this.#mux,
          `STREAM.MSG.GET.${this.#stream}`,
          { last_by_subj: this.subjectOf(key) },
          { timeout: Math.max(1, deadline.left) },
        );
        const { seq: revision, data = "" } = message;
        return { bucket, revision, text: fromBase64(data) };
      } catch (error) {
        const isGone = isApiError(error, JetStreamCode.streamNotFound);
        const isEmpty = isApiError(error, JetStreamCode.noMessageFound);
        if (!isGone && !isEmpty) throw error;
      }
      const info = await streamInfo(this.#mux, this.#stream, {
        timeout: Math.max(1, deadline.left),
      });
      this.#identify(info ?? await this.#make());
      // Else it was another life of the bucket that has nothing there.
      if (bucket === this.#incarnation) {
        return { bucket, revision: 0, text: "" };
      }
      if (deadline.left === 0) {
        throw new RequestTimeoutError(this.subjectOf(key), timeout);
      }
    }
  }

  /**
   * Replaces a revision of a key.
   *
   * @returns The new revision; undefined if it is certain that nothing was
   * stored: the key has another revision, or another write of it is under way,
   * or the bucket is gone.
   * @throws If that is not known after `timeout` milliseconds.
   */
  async write(
    { key, bucket, expected, text, headers = "" }: ClusterWrite,
    timeout: number,
  ): Promise<number | undefined> {
    let revision = 0;
    try {
      await this.#mux.request(
        `$KV.${this.#options.name}.${bucket}.${key}`,
        encodeUtf8(text),
        {
          headers: new EncodedHeaders(
            `Nats-Expected-Last-Subject-Sequence: ${expected}\r\n${headers}`,
          ),
          timeout,
        },
        (reply) => {
          revision = this.#acks.read(reply.data)?.sequence ?? 0;
          return revision > 0;
        },
      );
      return revision;
    } catch (error) {
      if (
        error instanceof NoRespondersError ||
        isApiError(
          error,
          JetStreamCode.wrongLastSequence,
          JetStreamCode.wrongLastSequenceUnknown,
        )
      ) return undefined;
      throw error;
    }
  }

  async #make(): Promise<StreamInfo> {
    const { name, create, replicas = 1 } = this.#options;
    if (!create) {
      throw streamNotFound(ACTION, this.#stream, CREATE_ADVICE);
    }
    return await createStream(this.#mux, {
      ...REQUIRED,
      name: this.#stream,
      subjects: [`$KV.${name}.${crypto.randomUUID()}.>`],
      num_replicas: replicas,
      storage: StorageType.File,
    }, ACTION);
  }

  /** Takes in which life of the bucket this is, and whether it is as needed. */
  #identify(info: StreamInfo & { domain?: string }): void {
    const { config, domain = "" } = info;
    const { name, replicas } = this.#options;
    const differences: StreamDifference[] = [];
    const expected = {
      ...REQUIRED,
      ...(replicas !== undefined && { num_replicas: replicas }),
    };
    for (const [setting, value] of Object.entries(expected)) {
      const found = config[setting as keyof StreamConfig] ??
        (value === false ? false : undefined);
      if (found === value) continue;
      differences.push({ setting, expected: value, found });
    }
    const root = `$KV.${name}.`;
    const [subject = "", ...others] = config.subjects ?? [];
    const incarnation = subject.slice(root.length, -2);
    if (
      others.length > 0 || subject !== `${root}${incarnation}.>` ||
      !/^[\w-]+$/.test(incarnation)
    ) {
      differences.push({
        setting: "subjects",
        expected: [`${root}<a random token>.>`],
        found: config.subjects,
      });
    }
    if (differences.length > 0) {
      throw streamDiffers(ACTION, this.#stream, differences);
    }
    this.#incarnation = incarnation;
    this.#domain = domain;
  }
}

/** A value in the JSON of `STREAM.MSG.GET`. */
interface StoredValue {
  readonly message: { readonly seq: number; readonly data?: string };
}

function fromBase64(text: string): string {
  return decoder.decode(
    Uint8Array.from(atob(text), (char) => char.charCodeAt(0)),
  );
}
