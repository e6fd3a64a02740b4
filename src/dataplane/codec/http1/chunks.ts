import type { ByteSink } from '../../message/frame.ts';

const CR = 13;
const LF = 10;

/** More goes as several chunks: two of these fit into the 64 KiB in which sinks gather what they write. */
const MAX_CHUNK = (32 << 10) - 16;

/** Writes `bytes[start, end)`, which is not empty, in chunks. RFC 9112, section 7.1. */
export function writeChunks(out: ByteSink, bytes: Buffer, start: number, end: number): void {
  for (let at = start; at < end; at += MAX_CHUNK) writeChunk(out, bytes, at, Math.min(at + MAX_CHUNK, end));
}

function writeChunk(out: ByteSink, bytes: Buffer, start: number, end: number): void {
  const length = end - start;
  const digits = hexDigits(length);
  let at = out.reserve(digits + length + 4);
  const { target } = out;
  for (let shift = (digits - 1) * 4; shift >= 0; shift -= 4) target[at++] = hexOctet((length >>> shift) & 15);
  target[at++] = CR;
  target[at++] = LF;
  bytes.copy(target, at, start, end);
  target[at + length] = CR;
  target[at + length + 1] = LF;
}

/** Writes the last chunk and the trailer section. @param trailers names and values by turns. */
export function writeLastChunk(out: ByteSink, trailers: readonly string[]): void {
  let text = '0\r\n';
  for (let i = 0; i < trailers.length; i += 2) text += `${trailers[i]}: ${trailers[i + 1]}\r\n`;
  text += '\r\n';
  const at = out.reserve(text.length);
  out.target.write(text, at, 'latin1');
}

function hexDigits(value: number): number {
  let digits = 1;
  while (value > 15) {
    value >>>= 4;
    digits++;
  }
  return digits;
}

function hexOctet(digit: number): number {
  return digit < 10 ? 48 + digit : 87 + digit;
}
