/**
 * Whole numbers in few bytes: seven bits a byte, the lowest first; all bytes
 * but the last have their highest bit set.
 *
 * @module
 */

/** The most bytes of a safe integer. */
const MAX_BYTES = 8;

/** Bytes that grow as they are written. */
export class VarintWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** @param first What comes before the numbers. */
  constructor(first: Uint8Array) {
    this.#bytes = new Uint8Array(2 * first.length + 64);
    this.#bytes.set(first);
    this.#length = first.length;
  }

  /** Writes a safe integer of at least 0. */
  write(value: number): void {
    if (this.#length + MAX_BYTES > this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#bytes.length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    while (value >= 0x80) {
      this.#bytes[this.#length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#bytes[this.#length++] = value;
  }

  /** What was written. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** Reads what a {@linkcode VarintWriter} has written. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  #at: number;

  /** @param at Where the first number begins. */
  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /** The next number; NaN if there is no safe integer. */
  read(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < MAX_BYTES; i++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return NaN;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return Number.isSafeInteger(value) ? value : NaN;
      scale *= 0x80;
    }
    return NaN;
  }

  /** Whether everything was read. */
  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }
}
