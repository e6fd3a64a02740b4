/** Longest name in bytes: file systems take 255, and an ending may follow. */
const MAX_NAME = 200;
/** What is left of a longer one, before the digits that tell it apart. */
const KEPT = 100;
const HASH_DIGITS = 32;

/** Any id as the name of a visible file or folder, of its own and as people know it. */
export function fileNameOf(id: string): string {
  const name = encodeURIComponent(id.toWellFormed()).replace(/^\./, '%2E');
  if (name.length <= MAX_NAME) return name;
  // Not imported: node:crypto is 3 MB in a sidecar, and ids are seldom that long.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const digest = createHash('sha256').update(id).digest('hex').slice(0, HASH_DIGITS);
  // No other name has a bare `=`.
  return `${name.slice(0, KEPT)}=${digest}`;
}
