/**
 * How many shards each host is to have.
 *
 * @module
 */

/** What counts for a host's quota. */
export interface QuotaClaim {
  readonly weight: number;
  /** How many shards the host owns, which must move where it may not. */
  readonly owned: number;
  /** How many it owns or is to own next. */
  readonly held: number;
  /** Whether it comes first where all else is equal. */
  readonly preferred: boolean;
}

/**
 * Shares shards out by weight: each host gets its exact share, rounded down or
 * up, and all of them together get all shards. Rounded up are first those that
 * would otherwise have to give a shard away.
 *
 * @param claims At least one. Of equal ones the first comes first.
 * @returns The quota of each, in their order.
 */
export function quotasOf(
  shards: number,
  claims: readonly QuotaClaim[],
): Int32Array {
  // Whole numbers, so that no rounding makes the sum another one.
  const weights = claims.map(({ weight }) => Math.round(weight * 1000));
  const sum = weights.reduce((a, b) => a + b, 0);
  const quotas = Int32Array.from(
    weights,
    (weight) => Math.floor(shards * weight / sum),
  );
  const rests = weights.map((weight, i) => shards * weight - quotas[i]! * sum);
  let left = shards - quotas.reduce((a, b) => a + b, 0);
  const rank = claims.map(({ owned, held, preferred }, i) =>
    4 * Number(owned > quotas[i]!) + 2 * Number(held > quotas[i]!) +
    Number(preferred)
  );
  const order = claims.map((_, i) => i).filter((i) => rests[i]! > 0);
  order.sort((a, b) => rank[b]! - rank[a]! || rests[b]! - rests[a]! || a - b);
  for (const i of order) {
    if (left-- <= 0) break;
    quotas[i]!++;
  }
  return quotas;
}
