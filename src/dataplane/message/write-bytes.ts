import type { ByteSink } from './frame.ts';

/** Copies `bytes[start, end)` to `out` as they are. */
export function writeBytes(out: ByteSink, bytes: Buffer, start: number, end: number): void {
  const at = out.reserve(end - start);
  bytes.copy(out.target, at, start, end);
}
