/**
 * The hash that places keys: on the ring, in shards, in partitions.
 *
 * @module
 */

const OFFSET_BASIS = 0x811c9dc5 | 0;
const PRIME = 0x01000193;

/**
 * Mixes 32 bits: the finalizer of murmur3, a bijection in which every bit of
 * the input reaches every bit of the result.
 *
 * @returns A whole number from 0 to 2^32 - 1.
 */
export function fmix32(bits: number): number {
  bits ^= bits >>> 16;
  bits = Math.imul(bits, 0x85ebca6b);
  bits ^= bits >>> 13;
  bits = Math.imul(bits, 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/**
 * The hash of a text: FNV-1a of 32 bits over its UTF-8 bytes, then
 * {@linkcode fmix32}, without which similar keys land side by side. Processes
 * and releases must agree on it: it never changes.
 *
 * The bytes are worked out here, as a TextEncoder costs more than the hash. As
 * with one, a lone surrogate counts as U+FFFD.
 *
 * @returns A whole number from 0 to 2^32 - 1.
 */
export function hashText(text: string): number {
  let hash = OFFSET_BASIS;
  // So short a loop runs twice as fast as one that knows all characters.
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return fmix32(hashUtf8(text, i, hash));
    hash = Math.imul(hash ^ unit, PRIME);
  }
  return fmix32(hash);
}

/** Goes on with FNV-1a from a character that is not ASCII. */
function hashUtf8(text: string, from: number, hash: number): number {
  for (let i = from; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      hash = Math.imul(hash ^ unit, PRIME);
      continue;
    }
    if (unit < 0x800) {
      hash = Math.imul(hash ^ (0xc0 | (unit >>> 6)), PRIME);
      hash = Math.imul(hash ^ (0x80 | (unit & 0x3f)), PRIME);
      continue;
    }
    let point = unit;
    if ((unit & 0xf800) === 0xd800) {
      // Past the end it is NaN, which is no low surrogate.
      const low = unit < 0xdc00 ? text.charCodeAt(i + 1) : NaN;
      if ((low & 0xfc00) === 0xdc00) {
        i++;
        point = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
        hash = Math.imul(hash ^ (0xf0 | (point >>> 18)), PRIME);
        hash = Math.imul(hash ^ (0x80 | ((point >>> 12) & 0x3f)), PRIME);
        hash = Math.imul(hash ^ (0x80 | ((point >>> 6) & 0x3f)), PRIME);
        hash = Math.imul(hash ^ (0x80 | (point & 0x3f)), PRIME);
        continue;
      }
      point = 0xfffd;
    }
    hash = Math.imul(hash ^ (0xe0 | (point >>> 12)), PRIME);
    hash = Math.imul(hash ^ (0x80 | ((point >>> 6) & 0x3f)), PRIME);
    hash = Math.imul(hash ^ (0x80 | (point & 0x3f)), PRIME);
  }
  return hash;
}

/**
 * The shard, or partition, of an actor: its {@linkcode hashText} modulo the
 * count. It never changes for a count.
 *
 * @param count How many shards there are: a whole number from 1 to 2^32. It is
 * on a hot path: callers have checked it.
 * @returns A whole number from 0 (inclusive) to `count` (exclusive).
 */
export function shardOf(actorId: string, count: number): number {
  return hashText(actorId) % count;
}
