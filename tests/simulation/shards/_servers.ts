/**
 * Simulated servers that keep the values of a cluster.
 *
 * @module
 */

import type {
  KeyEntry,
  KeyPlace,
  KeyWrite,
  NamedEntry,
} from "../../../cluster/lease/key_values.ts";

interface Version {
  readonly at: number;
  readonly revision: number;
  readonly data: Uint8Array;
}

const NO_BYTES = new Uint8Array();
const utf8 = new TextEncoder();

/** Values that are replaced by compare-and-set, and their history. */
export class SimulatedServers {
  /** The life of the bucket. */
  bucket = "b1";
  /** Hears of each write, and of what it replaces. */
  written: (key: string, replaced: Uint8Array, stored: Uint8Array) => void =
    () => {};
  #lives = 1;
  #last = 0;
  /** By key, the oldest first. */
  #versions = new Map<string, Version[]>();

  /** What a key has had at a time. */
  read(key: string, asOf: number): KeyEntry {
    const { bucket } = this;
    const found = this.#at(key, asOf);
    return found === undefined
      ? { bucket, revision: 0, data: NO_BYTES }
      : { bucket, revision: found.revision, data: found.data };
  }

  /** What a key has had at a time, if it is newer. */
  readNewer(
    key: string,
    bucket: string,
    than: KeyPlace | undefined,
    asOf: number,
  ): KeyEntry | undefined {
    if (bucket !== this.bucket) return undefined;
    const entry = this.read(key, asOf);
    const after = than?.bucket === bucket ? than.revision : 0;
    return entry.revision > after ? entry : undefined;
  }

  /** What keys have had at a time that is newer. */
  readSince(
    prefix: string,
    bucket: string,
    after: number,
    asOf: number,
  ): NamedEntry[] {
    if (bucket !== this.bucket) return [];
    return [...this.#versions.keys()]
      .filter((key) => key.startsWith(`${prefix}.`))
      .map((key) => ({ key, ...this.read(key, asOf) }))
      .filter(({ revision }) => revision > after)
      .sort((a, b) => a.revision - b.revision);
  }

  /** Replaces a revision. */
  write(
    { key, bucket, expected, data }: KeyWrite,
    at: number,
  ): number | undefined {
    if (bucket !== this.bucket) return undefined;
    const found = this.#at(key, at);
    const isExpected = expected === (found?.revision ?? 0);
    // No expectation at all is a planted bug.
    if (!isExpected && !Number.isNaN(expected)) return undefined;
    const bytes = typeof data === "string" ? utf8.encode(data) : data;
    this.written(key, found?.data ?? NO_BYTES, bytes);
    return this.#push(key, at, bytes);
  }

  /** Deletes the bucket, and makes it again. */
  recreate(): void {
    this.bucket = `b${++this.#lives}`;
    this.#last = 0;
    this.#versions.clear();
  }

  /** Puts a mark in a value's place. */
  delete(key: string, at: number): void {
    if (this.#versions.has(key)) this.#push(key, at, NO_BYTES);
  }

  /** Goes back to what there was. */
  restore(asOf: number): void {
    this.#last = 0;
    for (const [key, versions] of this.#versions) {
      const kept = versions.filter(({ at }) => at <= asOf);
      this.#versions.set(key, kept);
      for (const { revision } of kept) {
        this.#last = Math.max(this.#last, revision);
      }
    }
  }

  /** When a key was first written after a time; Infinity if never. */
  changeOf(key: string, after: number): number {
    const versions = this.#versions.get(key) ?? [];
    return versions.find(({ at }) => at > after)?.at ?? Infinity;
  }

  /** All that a key has had in this life of the bucket, the oldest first. */
  history(key: string): Uint8Array[] {
    return this.#versions.get(key)?.map(({ data }) => data) ?? [];
  }

  /** All keys that were ever written. */
  get keys(): string[] {
    return [...this.#versions.keys()];
  }

  #at(key: string, time: number): Version | undefined {
    return this.#versions.get(key)?.findLast(({ at }) => at <= time);
  }

  #push(key: string, at: number, data: Uint8Array): number {
    const revision = ++this.#last;
    const versions = this.#versions.get(key) ?? [];
    versions.push({ at, revision, data });
    this.#versions.set(key, versions);
    return revision;
  }
}
