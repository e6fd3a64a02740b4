import { KNOWN_NAMES } from '../../message/http-fields.ts';
import { CLASS, DIGIT, HOST, TARGET, TOKEN, VALUE } from '../http1/octets.ts';

/**
 * What a field's name and value are, in one number. It is found once per literal and stays with the
 * entries of HPACK's tables, so that a field that comes by its index is judged for nothing.
 */
export const Mark = {
  /** The number of the name: a `Known`, or with `pseudo` a `Pseudo`. */
  number: 0x3f,
  pseudo: 0x40,
  badName: 0x80,
  /** A field that says something about one hop of HTTP/1. RFC 9113, section 8.2.2. */
  ofConnection: 0x100,
  badValue: 0x200,
  /** Never to be put into a table, here or further on. RFC 7541, section 6.2.3. */
  sensitive: 0x400,
} as const;

/** Whatever makes a head malformed. */
export const MALFORMED = Mark.badName | Mark.ofConnection | Mark.badValue;

export const Pseudo = { method: 1, scheme: 2, authority: 3, path: 4, protocol: 5, status: 6 } as const;

/** RFC 9113, section 8.3; RFC 8441. Any other is not allowed. */
const PSEUDO_NAMES: readonly string[] = ['', ':method', ':scheme', ':authority', ':path', ':protocol', ':status'];
const OF_A_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'];
/** Longer than any body; and exact, as a number. */
const MAX_LENGTH_DIGITS = 15;
const COLON = 58;
const SPACE = 32;
const TAB = 9;

const NAMES: ReadonlyMap<string, number> = names();

function names(): Map<string, number> {
  const marks = new Map<string, number>();
  for (const [number, name] of KNOWN_NAMES.entries()) if (name !== '') marks.set(name, number);
  for (const [number, name] of PSEUDO_NAMES.entries()) if (name !== '') marks.set(name, Mark.pseudo | number);
  for (const name of OF_A_CONNECTION) marks.set(name, marks.get(name)! | Mark.ofConnection);
  return marks;
}

const HOST_NAME = NAMES.get('host')!;
const TE = NAMES.get('te')!;
const CONTENT_LENGTH = NAMES.get('content-length')!;

/** The mark of a name. */
export function markName(name: string): number {
  const mark = NAMES.get(name);
  if (mark !== undefined) return mark;
  return name.charCodeAt(0) === COLON || !isLowerToken(name) ? Mark.badName : 0;
}

/** The mark of a field, whose name has the mark `name`. */
export function markField(name: number, value: string): number {
  return isValue(name, value) ? name : name | Mark.badValue;
}

function isLowerToken(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const octet = name.charCodeAt(i);
    if ((CLASS[octet]! & TOKEN) === 0 || (octet >= 65 && octet <= 90)) return false;
  }
  return name.length > 0;
}

/** What may be in HTTP/1 at the same place, so that whatever is taken here can be carried on there. */
function isValue(name: number, value: string): boolean {
  if ((name & Mark.pseudo) !== 0) return isPseudoValue(name & Mark.number, value);
  const { length } = value;
  if (name === HOST_NAME) return isOf(HOST, value);
  if (name === TE) return value === 'trailers';
  if (name === CONTENT_LENGTH) return length > 0 && length <= MAX_LENGTH_DIGITS && isOf(DIGIT, value);
  if (!isOf(VALUE, value)) return false;
  // RFC 9113, section 8.2.1: no blank at either end.
  return length === 0 || !(isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(length - 1)));
}

function isPseudoValue(number: number, value: string): boolean {
  switch (number) {
    case Pseudo.method:
    case Pseudo.protocol:
    case Pseudo.scheme:
      return isOf(TOKEN, value);
    case Pseudo.authority:
      return isOf(HOST, value);
    case Pseudo.path:
      return isOf(TARGET, value);
    default:
      return isStatus(value);
  }
}

function isStatus(value: string): boolean {
  return value.length === 3 && isOf(DIGIT, value) && value >= '100';
}

function isOf(classes: number, value: string): boolean {
  for (let i = 0; i < value.length; i++) if ((CLASS[value.charCodeAt(i)]! & classes) === 0) return false;
  return true;
}

function isBlank(octet: number): boolean {
  return octet === SPACE || octet === TAB;
}
