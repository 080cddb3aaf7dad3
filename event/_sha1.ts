/**
 * SHA-1 without a promise: WebCrypto's takes several times as long for a short
 * text, as each digest is a job of its own. It names things here; nothing
 * secret or signed depends on it.
 *
 * @module
 */

const BLOCK_BYTES = 64;
/** Padding: the byte 0x80 and the message's length in bits. */
const LEAST_PADDING_BYTES = 9;

// Digests are made in one go, so all of them can share this.
const words = new Int32Array(80);

/** The bytes that {@linkcode sha1} works on for a message of some bytes. */
export function paddedLength(messageBytes: number): number {
  const blocks = Math.ceil((messageBytes + LEAST_PADDING_BYTES) / BLOCK_BYTES);
  return blocks * BLOCK_BYTES;
}

/**
 * The SHA-1 digest (RFC 3174) of the first `length` bytes of a buffer, which
 * has room for {@linkcode paddedLength} of them: what comes after the message
 * is overwritten.
 *
 * @returns The digest's five words, big-endian in it.
 */
export function sha1(
  buffer: Uint8Array,
  length: number,
): [number, number, number, number, number] {
  const padded = paddedLength(length);
  buffer.fill(0, length, padded);
  buffer[length] = 0x80;
  const view = new DataView(buffer.buffer, buffer.byteOffset, padded);
  view.setUint32(padded - 8, Math.floor(length / 0x20000000));
  view.setUint32(padded - 4, length << 3);

  let h0 = 0x67452301;
  let h1 = 0xefcdab89 | 0;
  let h2 = 0x98badcfe | 0;
  let h3 = 0x10325476;
  let h4 = 0xc3d2e1f0 | 0;
  for (let block = 0; block < padded; block += BLOCK_BYTES) {
    for (let t = 0; t < 16; t++) words[t] = view.getInt32(block + 4 * t);
    for (let t = 16; t < 80; t++) {
      const mixed = words[t - 3]! ^ words[t - 8]! ^ words[t - 14]! ^
        words[t - 16]!;
      words[t] = (mixed << 1) | (mixed >>> 31);
    }
    let a = h0;
    let b = h1;
    let c = h2;
    let d = h3;
    let e = h4;
    for (let t = 0; t < 80; t++) {
      const mixed = t < 20
        ? ((b & c) | (~b & d)) + 0x5a827999
        : t < 40
        ? (b ^ c ^ d) + 0x6ed9eba1
        : t < 60
        ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
        : (b ^ c ^ d) + 0xca62c1d6;
      const next = (((a << 5) | (a >>> 27)) + mixed + e + words[t]!) | 0;
      e = d;
      d = c;
      c = (b << 30) | (b >>> 2);
      b = a;
      a = next;
    }
    h0 = (h0 + a) | 0;
    h1 = (h1 + b) | 0;
    h2 = (h2 + c) | 0;
    h3 = (h3 + d) | 0;
    h4 = (h4 + e) | 0;
  }
  return [h0, h1, h2, h3, h4];
}
