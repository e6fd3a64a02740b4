import { KNOWN_NAMES, type Known } from '../../message/http-fields.ts';

/** What an octet may be part of. RFC 9110, section 5.6.2 and 5.5; RFC 3986, appendix A. */
export const TOKEN = 1;
/** Of a field value: visible, space, tab, and the octets above ASCII. */
export const VALUE = 2;
/** Of a request target: visible ASCII. What of it a URL may hold is the origin's affair. */
export const TARGET = 4;
/** Of a host with its port. */
export const HOST = 8;
export const DIGIT = 16;
export const HEX = 32;

export const CLASS: Uint8Array = classify();

function classify(): Uint8Array {
  const classes = new Uint8Array(256);
  const mark = (octets: string, bits: number): void => {
    for (const octet of Buffer.from(octets, 'latin1')) classes[octet]! |= bits;
  };
  const digits = '0123456789';
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  mark(`${digits}${letters}!#$%&'*+-.^_\`|~`, TOKEN);
  for (let octet = 0x20; octet < 256; octet++) if (octet !== 0x7f) classes[octet]! |= VALUE;
  mark('\t', VALUE);
  for (let octet = 0x21; octet < 0x7f; octet++) classes[octet]! |= TARGET;
  // reg-name, IPv4, [IPv6] and the port.
  mark(`${digits}${letters}-._~%!$&'()*+,;=:[]`, HOST);
  mark(digits, DIGIT);
  mark(`${digits}abcdefABCDEF`, HEX);
  return classes;
}

export const CR = 13;
export const LF = 10;
export const SP = 32;
export const TAB = 9;
export const COLON = 58;

/** Octets of a text in ASCII. */
export function ascii(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Whether `bytes[start, end)` is `lower`, which is in lower case, in any case. */
export function equalsIgnoringCase(bytes: Uint8Array, start: number, end: number, lower: Uint8Array): boolean {
  if (end - start !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const octet = bytes[start + i]!;
    const folded = octet >= 65 && octet <= 90 ? octet | 0x20 : octet;
    if (folded !== lower[i]) return false;
  }
  return true;
}

const SLOTS = 256;

/** Numbers of known names by slot; names that share one follow each other in `NEXT`. */
const FIRST = new Uint8Array(SLOTS);
const NEXT = new Uint8Array(KNOWN_NAMES.length);
const NAMES: readonly Uint8Array[] = KNOWN_NAMES.map(ascii);

for (let known = 1; known < NAMES.length; known++) {
  const name = NAMES[known]!;
  if (name.length === 0) continue;
  const slot = slotOf(name, 0, name.length);
  NEXT[known] = FIRST[slot]!;
  FIRST[slot] = known;
}

/** Letters that differ in their case alone have one slot. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  return (length * 31 + (bytes[start]! | 0x20) * 7 + (bytes[end - 1]! | 0x20)) & (SLOTS - 1);
}

/** The number of the name `bytes[start, end)`, which is not empty. */
export function knownName(bytes: Uint8Array, start: number, end: number): Known {
  let known = FIRST[slotOf(bytes, start, end)]!;
  while (known !== 0 && !equalsIgnoringCase(bytes, start, end, NAMES[known]!)) known = NEXT[known]!;
  return known as Known;
}
