/**
 * Finds the name that was meant by a misspelled one.
 *
 * @module
 */

/**
 * The name that takes the fewest edits (a character inserted, removed or
 * replaced, whatever its case) to reach from `name`; the earlier of two that
 * are equally near.
 *
 * @returns Undefined if more than half of the characters would change.
 */
export function nearestName(
  name: string,
  names: readonly string[],
): string | undefined {
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const candidate of names) {
    const longest = Math.max(name.length, candidate.length);
    const least = Math.abs(name.length - candidate.length);
    if (least * 2 > longest) continue;
    const edits = countEdits(name.toLowerCase(), candidate.toLowerCase());
    if (edits * 2 > longest || edits >= fewest) continue;
    nearest = candidate;
    fewest = edits;
  }
  return nearest;
}

/** The Levenshtein distance, one row of its table at a time. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}
