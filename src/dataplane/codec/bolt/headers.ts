import { WeftError } from '../../../core/errors.ts';
import { readI32, writeU32 } from './wire.ts';

/**
 * Bolt's header block: repeated [i32 length][bytes] key, then value; a length of -1 is null.
 * Source: SOFARPC's SimpleMapSerializer.
 */

/** A header length is an unsigned 16-bit number. */
export const MAX_HEADER_BLOCK = 0xffff;

export const NOT_FOUND = -1;

/**
 * Finds the value of `key` in the header block `bytes[start, end)` without making strings.
 *
 * @returns `valueStart * 65536 + valueLength`, or NOT_FOUND when the key is absent or null.
 * @throws WeftError `malformed_frame` when the lengths do not add up before the key is found.
 */
export function findHeader(bytes: Buffer, start: number, end: number, key: Buffer): number {
  let at = start;
  while (at < end) {
    const keyLength = lengthAt(bytes, at, end);
    const keyStart = at + 4;
    at = keyStart + Math.max(keyLength, 0);
    const valueLength = lengthAt(bytes, at, end);
    const valueStart = at + 4;
    at = valueStart + Math.max(valueLength, 0);
    if (keyLength === key.length && sameBytes(bytes, keyStart, key)) {
      return valueLength < 0 ? NOT_FOUND : valueStart * 0x10000 + valueLength;
    }
  }
  return NOT_FOUND;
}

/** The text that `findHeader` found, in the plain ASCII of names and codes. */
export function headerText(bytes: Buffer, found: number): string {
  const at = Math.floor(found / 0x10000);
  return bytes.toString('latin1', at, at + (found % 0x10000));
}

/** All pairs in their order; a null key reads as ''. For people and tests, not for the path. */
export function decodeHeaders(bytes: Buffer, start: number, end: number): [string, string | null][] {
  const pairs: [string, string | null][] = [];
  let at = start;
  while (at < end) {
    const keyLength = lengthAt(bytes, at, end);
    const keyStart = at + 4;
    at = keyStart + Math.max(keyLength, 0);
    const valueLength = lengthAt(bytes, at, end);
    const valueStart = at + 4;
    at = valueStart + Math.max(valueLength, 0);
    const key = keyLength < 0 ? '' : bytes.toString('utf8', keyStart, keyStart + keyLength);
    pairs.push([key, valueLength < 0 ? null : bytes.toString('utf8', valueStart, valueStart + valueLength)]);
  }
  return pairs;
}

/**
 * @throws WeftError `too_large` when the block would not fit its 16-bit length: headers are
 *   never cut.
 */
export function encodeHeaders(pairs: Iterable<readonly [string, string | null]>): Buffer {
  const parts: Buffer[] = [];
  let total = 0;
  for (const pair of pairs) {
    for (const text of pair) {
      const length = Buffer.alloc(4);
      const value = text === null ? undefined : Buffer.from(text, 'utf8');
      writeU32(length, 0, value === undefined ? -1 : value.length);
      parts.push(length);
      if (value !== undefined) parts.push(value);
      total += 4 + (value?.length ?? 0);
    }
  }
  if (total > MAX_HEADER_BLOCK) {
    throw new WeftError('too_large', `header block of ${total} bytes; Bolt carries at most ${MAX_HEADER_BLOCK}`, {
      side: 'local',
    });
  }
  return Buffer.concat(parts, total);
}

/** The length field at `at`, checked: it and the bytes that it announces end by `end`. -1 is null. */
function lengthAt(bytes: Buffer, at: number, end: number): number {
  const length = at + 4 <= end ? readI32(bytes, at) : -2;
  if (length < -1 || at + 4 + length > end) {
    throw new WeftError('malformed_frame', 'the lengths in the header block do not add up', { side: 'downstream' });
  }
  return length;
}

function sameBytes(bytes: Buffer, at: number, key: Buffer): boolean {
  for (let i = 0; i < key.length; i++) {
    if (bytes[at + i] !== key[i]) return false;
  }
  return true;
}
