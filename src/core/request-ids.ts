import type { Chance } from './clock.ts';

const GROUP = 2 ** 16;
const COUNTER = 2 ** 32;

/**
 * Makes ids for requests in the form of a UUID (RFC 9562, section 5.4), none of them twice: what is of
 * chance is drawn once, and anew when the 32 bits that count have come round. They are names, not secrets.
 */
export function createRequestIds(chance: Chance): () => string {
  let prefix = drawPrefix(chance);
  let count = 0;
  return () => {
    if (count === COUNTER) {
      count = 0;
      prefix = drawPrefix(chance);
    }
    return prefix + hex(count++, 8);
  };
}

function drawPrefix(chance: Chance): string {
  const group = (): string => hex(Math.floor(chance() * GROUP), 4);
  const variant = hex(0x8000 + Math.floor(chance() * 0x4000), 4);
  return `${group()}${group()}-${group()}-4${group().slice(1)}-${variant}-${group()}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
