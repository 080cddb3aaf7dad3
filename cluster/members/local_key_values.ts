/**
 * Clusters within one process.
 *
 * @module
 */

import { encodeUtf8 } from "../../internal/nats/encoding.ts";
import type { ClusterLink, OpenClusterLink } from "../lease/cluster_link.ts";
import { RepeatedErrors } from "../lease/repeated_errors.ts";
import type {
  KeyEntry,
  KeyPlace,
  KeyValues,
  KeyWrite,
  NamedEntry,
} from "../lease/key_values.ts";

const BUCKET = "local";
const NOTHING: KeyEntry = {
  bucket: BUCKET,
  revision: 0,
  data: new Uint8Array(),
};

/** Values in memory, with the same compare-and-set as a server's. */
export class LocalKeyValues implements KeyValues {
  readonly incarnation: string = BUCKET;
  readonly maxBytes: number = Infinity;
  readonly #entries = new Map<string, NamedEntry>();
  #last = 0;

  /** As {@linkcode KeyValues.read}. */
  read(key: string): Promise<KeyEntry> {
    return Promise.resolve(this.#entries.get(key) ?? NOTHING);
  }

  /** As {@linkcode KeyValues.readNewer}. */
  readNewer(
    key: string,
    than: KeyPlace | undefined,
  ): Promise<KeyEntry | undefined> {
    const found = this.#entries.get(key);
    const isNewer = found !== undefined &&
      found.revision > (than?.revision ?? 0);
    return Promise.resolve(isNewer ? found : undefined);
  }

  /** As {@linkcode KeyValues.readSince}. */
  readSince(prefix: string, after: number): Promise<NamedEntry[]> {
    return Promise.resolve(
      [...this.#entries.values()].filter(({ key, revision }) =>
        revision > after && key.startsWith(`${prefix}.`)
      ).sort((a, b) => a.revision - b.revision),
    );
  }

  /** As {@linkcode KeyValues.write}. */
  write({ key, expected, data }: KeyWrite): Promise<number | undefined> {
    const found = this.#entries.get(key)?.revision ?? 0;
    if (expected !== found) return Promise.resolve(undefined);
    const revision = ++this.#last;
    const bytes = typeof data === "string" ? encodeUtf8(data) : data;
    this.#entries.set(key, { key, bucket: BUCKET, revision, data: bytes });
    return Promise.resolve(revision);
  }
}

/** A cluster of this process. */
interface LocalCluster {
  readonly keys: LocalKeyValues;
  readonly listeners: Set<(topic: string, text: string) => void>;
}

/** The clusters of this process, by name, while they have nodes. */
const clusters = new Map<string, LocalCluster>();

/** Opens a link to the cluster of that name in this process. */
export function openLocalLink(name: string): OpenClusterLink {
  return ({ report }): ClusterLink => {
    let cluster = clusters.get(name);
    if (cluster === undefined) {
      cluster = { keys: new LocalKeyValues(), listeners: new Set() };
      clusters.set(name, cluster);
    }
    const { keys, listeners } = cluster;
    const heard = new Map<string, (text: string) => void>();
    const listener = (topic: string, text: string) => heard.get(topic)?.(text);
    listeners.add(listener);
    const repeated = new RepeatedErrors();
    return {
      keys,
      publish: (topic, text) => {
        for (const each of listeners) queueMicrotask(() => each(topic, text));
      },
      subscribe: (topic, hear) => {
        heard.set(topic, hear);
      },
      note: (error) => {
        if (error !== undefined && repeated.isNews(error)) report(error);
      },
      close: () => {
        heard.clear();
        listeners.delete(listener);
        if (listeners.size === 0) clusters.delete(name);
        return Promise.resolve();
      },
    };
  };
}
