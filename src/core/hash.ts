/** Bits well mixed: the finalizer of MurmurHash3 (Appleby, public domain). */
export function mix32(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * A 32-bit hash of text, the same in every process and version: whoever balances by it counts on that. MurmurHash3
 * (x86, 32 bits) over its UTF-16 units, two at a time.
 */
export function hash32(text: string, seed = 0): number {
  let hash = seed | 0;
  const { length } = text;
  let at = 0;
  for (; at + 1 < length; at += 2) {
    hash ^= scramble(text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  if (at < length) hash ^= scramble(text.charCodeAt(at));
  return mix32(hash ^ (2 * length));
}

function scramble(block: number): number {
  const spread = Math.imul(block, 0xcc9e2d51);
  return Math.imul((spread << 15) | (spread >>> 17), 0x1b873593);
}
