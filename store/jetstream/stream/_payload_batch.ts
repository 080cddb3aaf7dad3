/**
 * Payloads that are decoded together: for small ones a call of the decoder
 * costs more than its work, and reading them takes 10 to 20 % less time so.
 *
 * @module
 */

/** Payloads of so many bytes in all are decoded at once. */
const BATCH_BYTES = 16 * 1024;

/**
 * Larger ones are decoded by themselves: the call costs little beside them, and
 * a character beyond Latin-1 makes the text of a whole batch twice as wide.
 */
const SMALL_BYTES = 512;

/** Separates payloads in a batch: JSON never contains it unescaped. */
const END = "\0";

/** Stands for bytes that are not UTF-8 in decoded text. */
const REPLACEMENT = "\uFFFD";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const scratch = new Uint8Array(BATCH_BYTES);

/** Reads payloads of JSON in the order they are added. */
export class PayloadBatch<T> {
  readonly #read: (json: string | Uint8Array) => T;
  readonly #items: T[] = [];
  /** Those that are not read yet. */
  #waiting: Uint8Array[] = [];
  /** Bytes that they take in a batch. */
  #bytes = 0;

  /** @param read Reads one, decoded or, where it may be malformed, as it is. */
  constructor(read: (json: string | Uint8Array) => T) {
    this.#read = read;
  }

  /** Adds a payload, which must not change. */
  add(payload: Uint8Array): void {
    if (payload.length > SMALL_BYTES) {
      this.#flush();
      this.#items.push(this.#read(payload));
      return;
    }
    const bytes = payload.length + 1;
    if (this.#bytes + bytes > BATCH_BYTES) this.#flush();
    this.#waiting.push(payload);
    this.#bytes += bytes;
  }

  /** The items, in the order of their payloads. */
  end(): T[] {
    this.#flush();
    return this.#items;
  }

  #flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    for (const json of textsOf(waiting) ?? waiting) {
      this.#items.push(this.#read(json));
    }
    this.#waiting = [];
    this.#bytes = 0;
  }
}

/** The payloads as texts; undefined if one of them may be none. */
function textsOf(payloads: readonly Uint8Array[]): string[] | undefined {
  let used = 0;
  for (const payload of payloads) {
    scratch.set(payload, used);
    used += payload.length;
    scratch[used++] = 0;
  }
  const text = utf8.decode(scratch.subarray(0, used));
  if (text.includes(REPLACEMENT)) return undefined;
  const texts: string[] = [];
  let from = 0;
  for (let to; (to = text.indexOf(END, from)) !== -1; from = to + 1) {
    texts.push(text.slice(from, to));
  }
  // More of them, if a payload holds what ends one.
  return texts.length === payloads.length ? texts : undefined;
}
