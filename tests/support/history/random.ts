/**
 * Chance that can be had again.
 *
 * @module
 */

/** Numbers that are the same for the same seed. */
export class Random {
  /** What it began with. */
  readonly seed: number;
  #state: number;

  /** @param seed A whole number from 0 to 2^32 - 1. */
  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed;
  }

  /** From 0, inclusive, to 1, exclusive (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from 0, inclusive, to `count`, exclusive. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  /** True as often as `share` says, 0 to 1. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** Another source, whose numbers do not depend on how often this is asked. */
  fork(): Random {
    return new Random(this.below(2 ** 32));
  }
}

/**
 * The source of a test's chance: seeded by the variable `AETHER_SEED`, else
 * anew each time. It prints the seed, so that a failure can be had again.
 */
export function seeded(name: string): Random {
  const given = Deno.env.get("AETHER_SEED");
  const seed = given === undefined
    ? crypto.getRandomValues(new Uint32Array(1))[0]!
    : Number(given);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new RangeError(
      `AETHER_SEED must be a whole number below 2^32, got "${given}"`,
    );
  }
  console.log(`${name}: AETHER_SEED=${seed}`);
  return new Random(seed);
}
