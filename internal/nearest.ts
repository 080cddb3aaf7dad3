/**
 * Finds the name that was meant by a misspelled one.
 *
 * @module
 */

/**
 * The name that takes the fewest edits (a character inserted, removed or
 * replaced, or two swapped, whatever their case) to reach from `name`; the earlier of two that
 * are equally near.
 *
 * @returns Undefined if more than a third of the characters would change.
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
    if (least * 3 > longest) continue;
    const edits = countEdits(name.toLowerCase(), candidate.toLowerCase());
    if (edits * 3 > longest || edits >= fewest) continue;
    nearest = candidate;
    fewest = edits;
  }
  return nearest;
}

/** The Damerau-Levenshtein distance, one row of its table at a time. */
function countEdits(from: string, to: string): number {
  let above: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isSwapped = j > 1 && from[i - 1] === to[j - 2] &&
        from[i - 2] === to[j - 1];
      const swapped = isSwapped ? above[j - 2]! + 1 : Infinity;
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1, swapped));
    }
    [above, row] = [row, next];
  }
  return row[to.length]!;
}
