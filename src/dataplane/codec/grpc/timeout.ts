/** `grpc-timeout`: at most eight digits and a unit. Source: gRPC's PROTOCOL-HTTP2.md, "Requests". */

const MAX_DIGITS = 8;
const MAX_VALUE = 99_999_999;

/**
 * How long the caller waits, in milliseconds, with fractions; undefined when the value says nothing that can be
 * understood. 0 is a deadline that has passed. A caller may well wait longer than a timer can run (2^31 ms).
 */
export function parseGrpcTimeout(value: string): number | undefined {
  const digits = value.length - 1;
  if (digits < 1 || digits > MAX_DIGITS) return undefined;
  let count = 0;
  for (let at = 0; at < digits; at++) {
    const digit = value.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    count = count * 10 + digit;
  }
  switch (value.charAt(digits)) {
    case 'H':
      return count * 3_600_000;
    case 'M':
      return count * 60_000;
    case 'S':
      return count * 1000;
    case 'm':
      return count;
    case 'u':
      return count / 1000;
    case 'n':
      return count / 1e6;
    default:
      return undefined;
  }
}

/**
 * Says that the caller waits `ms` milliseconds more: never longer than that, in the finest unit from microseconds up
 * in which it can be said. When nothing is left, it is the least that can be said.
 */
export function formatGrpcTimeout(ms: number): string {
  if (!(ms >= 1e-3)) return '1n';
  if (ms * 1000 <= MAX_VALUE) return `${Math.floor(ms * 1000)}u`;
  if (ms <= MAX_VALUE) return `${Math.floor(ms)}m`;
  if (ms / 1000 <= MAX_VALUE) return `${Math.floor(ms / 1000)}S`;
  if (ms / 60_000 <= MAX_VALUE) return `${Math.floor(ms / 60_000)}M`;
  return `${Math.min(MAX_VALUE, Math.floor(ms / 3_600_000))}H`;
}
