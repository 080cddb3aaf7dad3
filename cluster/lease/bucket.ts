/**
 * The KV bucket of a cluster.
 *
 * @module
 */

import { AckReader } from "../../internal/nats/acknowledgement.ts";
import { EncodedHeaders, encodeUtf8 } from "../../internal/nats/encoding.ts";
import {
  NoRespondersError,
  RequestTimeoutError,
} from "../../internal/nats/errors.ts";
import {
  API_PREFIX,
  apiRequest,
  isApiError,
  JetStreamCode,
  jetStreamError,
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
  type StreamConfig,
  type StreamInfo,
  streamInfo,
} from "../../internal/nats/streams.ts";
import { Deadline } from "../../internal/waiting.ts";
import type {
  KeyEntry,
  KeyPlace,
  KeyValues,
  KeyWrite,
  NamedEntry,
} from "./key_values.ts";

/** How a bucket is found or made. */
export interface ClusterBucketOptions {
  /** Its name, such as `AETHER_CLUSTER_default`. */
  readonly name: string;
  /** What can't be done without it, such as `join election`. */
  readonly action: string;
  /** Whether to make it if it is not there. */
  readonly create: boolean;
  /** Copies on different servers; one that exists must have so many, if given. */
  readonly replicas: number | undefined;
}

/** What to do about a bucket that is not there. */
const CREATE_ADVICE =
  "let a user who may create it join with `create: true`, or create it by hand";

/** What headers may take beside a value, in bytes. */
const HEADER_ROOM = 1_024;

/** The most values that one answer brings. */
const BATCH = 1_000;

/** The most bytes of values that one answer brings. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

const NO_BYTES = new Uint8Array();

/**
 * Settings without which values could vanish, or be replaced unchecked. Marks
 * of values that are gone may expire, so that they don't pile up.
 */
const REQUIRED: Partial<StreamConfig> = {
  retention: "limits",
  discard: "new",
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
export class ClusterBucket implements KeyValues {
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
    await checkServer(mux, options.action);
    const bucket = new ClusterBucket(mux, options);
    bucket.#identify(
      await streamInfo(mux, bucket.#stream, { signal }) ?? await bucket.#make(),
    );
    return bucket;
  }

  /** As {@linkcode KeyValues.incarnation}. */
  get incarnation(): string {
    return this.#incarnation;
  }

  /** As {@linkcode KeyValues.maxBytes}. */
  get maxBytes(): number {
    return this.#mux.maxPayload - HEADER_ROOM;
  }

  /** What the key's subject is in the life of the bucket that is known. */
  subjectOf(key: string): string {
    return `$KV.${this.#options.name}.${this.#incarnation}.${key}`;
  }

  /** As {@linkcode KeyValues.read}. */
  async read(key: string, timeout: number): Promise<KeyEntry> {
    const deadline = new Deadline(timeout);
    for (;;) {
      const bucket = this.#incarnation;
      try {
        const found = await this.#get(
          { last_by_subj: this.subjectOf(key) },
          Math.max(1, deadline.left),
        );
        if (found !== undefined) return found;
      } catch (error) {
        if (!isApiError(error, JetStreamCode.streamNotFound)) throw error;
      }
      const info = await streamInfo(this.#mux, this.#stream, {
        timeout: Math.max(1, deadline.left),
      });
      this.#identify(info ?? await this.#make());
      // Else it was another life of the bucket that has nothing there.
      if (bucket === this.#incarnation) {
        return { bucket, revision: 0, data: NO_BYTES };
      }
      if (deadline.left === 0) {
        throw new RequestTimeoutError(this.subjectOf(key), timeout);
      }
    }
  }

  /** As {@linkcode KeyValues.readNewer}. */
  readNewer(
    key: string,
    than: KeyPlace | undefined,
    timeout: number,
  ): Promise<KeyEntry | undefined> {
    const isSameBucket = than?.bucket === this.#incarnation;
    const seq = isSameBucket ? than.revision + 1 : 1;
    const next_by_subj = this.subjectOf(key);
    return this.#get({ seq, next_by_subj }, timeout);
  }

  /** As {@linkcode KeyValues.readSince}. */
  async readSince(
    prefix: string,
    after: number,
    timeout: number,
  ): Promise<NamedEntry[]> {
    const bucket = this.#incarnation;
    const root = this.subjectOf("");
    const entries: NamedEntry[] = [];
    await this.#mux.requestMany(
      `${API_PREFIX}.DIRECT.GET.${this.#stream}`,
      JSON.stringify({
        seq: after + 1,
        next_by_subj: `${root}${prefix}.>`,
        batch: BATCH,
        max_bytes: MAX_BATCH_BYTES,
      }),
      { timeout },
      ({ headers, data }) => {
        if (headers === undefined || !headers.has("Nats-Sequence")) {
          const { code = 0, description = "" } = headers ?? {};
          if (code === 204 || code === 404) return true;
          throw jetStreamError(0, code, description);
        }
        const key = headers.get("Nats-Subject").slice(root.length);
        const revision = Number(headers.get("Nats-Sequence"));
        entries.push({ key, bucket, revision, data });
        return false;
      },
    );
    return entries;
  }

  /** As {@linkcode KeyValues.write}. */
  async write(
    { key, bucket, expected, data, headers = "" }: KeyWrite,
    timeout: number,
  ): Promise<number | undefined> {
    let revision = 0;
    try {
      await this.#mux.request(
        `$KV.${this.#options.name}.${bucket}.${key}`,
        typeof data === "string" ? encodeUtf8(data) : data,
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

  /** What the bucket's leader has; undefined if it has none. */
  async #get(
    query: Readonly<Record<string, unknown>>,
    timeout: number,
  ): Promise<KeyEntry | undefined> {
    const bucket = this.#incarnation;
    const endpoint = `STREAM.MSG.GET.${this.#stream}`;
    try {
      const { message } = await apiRequest<StoredValue>(
        this.#mux,
        endpoint,
        query,
        { timeout },
      );
      const { seq: revision, data = "" } = message;
      return { bucket, revision, data: fromBase64(data) };
    } catch (error) {
      if (isApiError(error, JetStreamCode.noMessageFound)) return undefined;
      throw error;
    }
  }

  async #make(): Promise<StreamInfo> {
    const { name, action, create, replicas = 1 } = this.#options;
    if (!create) {
      throw streamNotFound(action, this.#stream, CREATE_ADVICE);
    }
    return await createStream(this.#mux, {
      ...REQUIRED,
      name: this.#stream,
      subjects: [`$KV.${name}.${crypto.randomUUID()}.>`],
      num_replicas: replicas,
      storage: "file",
    }, action);
  }

  /** Takes in which life of the bucket this is, and whether it is as needed. */
  #identify(info: StreamInfo & { domain?: string }): void {
    const { config, domain = "" } = info;
    const { name, action, replicas } = this.#options;
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
      throw streamDiffers(action, this.#stream, differences);
    }
    this.#incarnation = incarnation;
    this.#domain = domain;
  }
}

/** A value in the JSON of `STREAM.MSG.GET`. */
interface StoredValue {
  readonly message: { readonly seq: number; readonly data?: string };
}

function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
