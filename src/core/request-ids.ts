import type { Chance } from './clock.ts';

const GROUP = 2 ** 16;
const COUNTER = 2 ** 48;

/**
 * Makes ids for requests in the form of a UUID (RFC 9562, section 5.4), none of them twice: what is of
 * chance is drawn once, the last group counts. They are names, not secrets.
 */
export function createRequestIds(chance: Chance): () => string {
  const group = (): string => hex(Math.floor(chance() * GROUP), 4);
  const variant = hex(0x8000 + Math.floor(chance() * 0x4000), 4);
  const prefix = `${group()}${group()}-${group()}-4${group().slice(1)}-${variant}-`;
  let count = Math.floor(chance() * COUNTER);
  return () => {
    count = count + 1 < COUNTER ? count + 1 : 0;
    return prefix + hex(count, 12);
  };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
