/**
 * The candidate that the writer most likely meant, or undefined when none is near. Case and
 * `-`, `_` between words do not count, so `max_frame` finds `maxFrame`.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const plain = normalize(word);
  // A third of the letters may be wrong; beyond that a suggestion is a guess.
  let best = Math.max(1, Math.floor(plain.length / 3)) + 1;
  let found: string | undefined;
  for (const candidate of candidates) {
    const other = normalize(candidate);
    if (Math.abs(other.length - plain.length) >= best) continue;
    const distance = editDistance(plain, other);
    if (distance < best && distance < other.length) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

/** The fewest insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}

function normalize(word: string): string {
  return word.toLowerCase().replace(/[-_\s]/g, '');
}
