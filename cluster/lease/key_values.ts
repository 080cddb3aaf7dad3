/**
 * What a cluster keeps: values by key, each replaced by compare-and-set.
 *
 * @module
 */

/** Where a value is. */
export interface KeyPlace {
  /** The incarnation of the bucket: revisions start anew with a bucket. */
  readonly bucket: string;
  /** Rises with each write of any key; 0 for a key that was never written. */
  readonly revision: number;
}

/** What a key has. */
export interface KeyEntry extends KeyPlace {
  /** Empty for a key that was never written, or was deleted. */
  readonly data: Uint8Array;
}

/** What one of several keys has. */
export interface NamedEntry extends KeyEntry {
  readonly key: string;
}

/** A write of a key that says what it replaces. */
export interface KeyWrite {
  readonly key: string;
  /** The incarnation of the bucket it is meant for. */
  readonly bucket: string;
  /** The revision it replaces; 0 for a key that was never written. */
  readonly expected: number;
  readonly data: Uint8Array | string;
  /** Lines of headers, each closed by CR LF. */
  readonly headers?: string | undefined;
}

/** Values by key, replaced by compare-and-set on their revisions. */
export interface KeyValues {
  /** The incarnation of the bucket that is known. */
  readonly incarnation: string;
  /** The most bytes that a value may have, inclusive. */
  readonly maxBytes: number;
  /**
   * What the bucket's leader has for a key. A bucket that is gone is made
   * again, if it may be made.
   *
   * @throws If that is not known after `timeout` milliseconds.
   */
  read(key: string, timeout: number): Promise<KeyEntry>;
  /**
   * What the bucket's leader has for a key, if that is newer than a place;
   * undefined if it isn't. Only {@linkcode read} finds out that the bucket was
   * made anew.
   *
   * @throws If that is not known after `timeout` milliseconds.
   */
  readNewer(
    key: string,
    than: KeyPlace | undefined,
    timeout: number,
  ): Promise<KeyEntry | undefined>;
  /**
   * What the keys below a prefix have that is newer than a revision, in the
   * order in which it was written; perhaps not all, and some of the latest may
   * be missing.
   *
   * @param prefix Such as `node`, for keys that begin with `node.`.
   * @throws If that is not known after `timeout` milliseconds.
   */
  readSince(
    prefix: string,
    after: number,
    timeout: number,
  ): Promise<NamedEntry[]>;
  /**
   * Replaces a revision of a key.
   *
   * @returns The new revision; undefined if it is certain that nothing was
   * stored: the key has another revision, or another write of it is under way,
   * or the bucket is gone.
   * @throws If that is not known after `timeout` milliseconds.
   */
  write(write: KeyWrite, timeout: number): Promise<number | undefined>;
}
