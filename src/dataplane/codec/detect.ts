/** What a connection speaks, by the first octets that its client sends; `more` when these could still be two things. */
export type Detected = 'more' | 'bolt' | 'http1' | 'http2' | 'tls' | 'tcp';

/** With so many octets `detect` has always decided. */
export const DETECT_OCTETS = 33;

const CR = 13;
const LF = 10;
const SP = 32;

/** RFC 9113, section 3.4. No request of HTTP/1 has this method (section 11.6), so the rest of the preface tells no more. */
const HTTP2 = Buffer.from('PRI ', 'latin1');
const PRI = Buffer.from('PRI', 'latin1');
const CONNECT = Buffer.from('CONNECT', 'latin1');
const OPTIONS = Buffer.from('OPTIONS', 'latin1');
const ABSOLUTE = Buffer.from('http', 'latin1');

/** GET; the longest that is registered (UPDATEREDIRECTREF) has 17. */
const MIN_METHOD = 3;
const MAX_METHOD = 24;

/**
 * Judges `bytes[0, length)`, the first that came. It decides on the fewest octets, and more of them never change what
 * it decided; whatever nobody here speaks is `tcp`.
 */
export function detect(bytes: Buffer, length: number): Detected {
  if (length === 0) return 'more';
  switch (bytes[0]) {
    case 0x01:
      return bolt(bytes, 1, length);
    case 0x02:
      return boltV2(bytes, length);
    case 0x16:
      return tls(bytes, length);
    case CR:
      return afterEmptyLine(bytes, length);
    default:
      return http(bytes, length);
  }
}

function boltV2(bytes: Buffer, length: number): Detected {
  if (length < 2) return 'more';
  const version = bytes[1];
  return version === 1 || version === 2 ? bolt(bytes, 2, length) : 'tcp';
}

/**
 * A Bolt frame from its type at `at` on: what a caller may begin with is a request or a oneway, of a command that there
 * is, in the one command version that there is. Others begin alike: the first three octets that a client of MySQL
 * sends, the first four of MongoDB's, are a length, least octet first, and may be a version and a type of Bolt.
 */
function bolt(bytes: Buffer, at: number, length: number): Detected {
  if (at >= length) return 'more';
  if (bytes[at] !== 1 && bytes[at] !== 2) return 'tcp';
  if (at + 1 >= length) return 'more';
  if (bytes[at + 1] !== 0) return 'tcp';
  if (at + 2 >= length) return 'more';
  const command = bytes[at + 2];
  // Heartbeat, request, and the notice that no more requests come.
  if (command !== 0 && command !== 1 && command !== 100) return 'tcp';
  if (at + 3 >= length) return 'more';
  if (bytes[at + 3] !== 1) return 'tcp';
  // MongoDB's first message, when it has 257 or 513 octets, is a heartbeat up to here. What would be the serializer
  // is 0 in it, part of the id of what it answers, and never 0 in Bolt.
  if (command !== 0) return 'bolt';
  if (at + 8 >= length) return 'more';
  return bytes[at + 8] === 0 ? 'tcp' : 'bolt';
}

/** A handshake record of TLS 1.0 to 1.3 (RFC 8446, section 5.1). The third octet tells it from a length of MySQL's. */
function tls(bytes: Buffer, length: number): Detected {
  if (length < 2) return 'more';
  if (bytes[1] !== 3) return 'tcp';
  if (length < 3) return 'more';
  return bytes[2]! >= 1 && bytes[2]! <= 4 ? 'tls' : 'tcp';
}

/** HTTP/1 lets an empty line stand before a request (RFC 9112, section 2.2); PROXY v2 begins with more of them. */
function afterEmptyLine(bytes: Buffer, length: number): Detected {
  if (length < 2) return 'more';
  return bytes[1] === LF ? requestLine(bytes, 2, length) : 'tcp';
}

function http(bytes: Buffer, length: number): Detected {
  const asHttp2 = match(bytes, 0, length, HTTP2);
  if (asHttp2 === 'match') return 'http2';
  // `PRI` may also become `PRIVATE`.
  return asHttp2 === 'more' ? 'more' : requestLine(bytes, 0, length);
}

/**
 * A request line of HTTP/1 that begins at `at`. A method alone does not tell it: Redis has inline commands (`GET key`,
 * `KEYS *`), mail its `HELO host`, NATS its `CONNECT {}`; so the target must look like one (RFC 9112, section 3.2).
 */
function requestLine(bytes: Buffer, at: number, length: number): Detected {
  let end = at;
  while (end < length && isMethodOctet(bytes[end]!, end === at)) end++;
  const size = end - at;
  if (size > MAX_METHOD) return 'tcp';
  if (end === length) return 'more';
  if (bytes[end] !== SP || size < MIN_METHOD) return 'tcp';
  if (isWord(bytes, at, end, PRI)) return 'tcp';
  const target = end + 1;
  if (target === length) return 'more';
  const octet = bytes[target]!;
  if (isWord(bytes, at, end, CONNECT)) return isHostOctet(octet) ? 'http1' : 'tcp';
  if (octet === 0x2f) return 'http1';
  if (octet === 0x2a) return isWord(bytes, at, end, OPTIONS) ? 'http1' : 'tcp';
  return absoluteForm(bytes, target, length);
}

/** `http:` or `https:`, in any case. */
function absoluteForm(bytes: Buffer, at: number, length: number): Detected {
  for (let i = 0; i < ABSOLUTE.length; i++) {
    if (at + i >= length) return 'more';
    if ((bytes[at + i]! | 0x20) !== ABSOLUTE[i]) return 'tcp';
  }
  let colon = at + ABSOLUTE.length;
  if (colon < length && (bytes[colon]! | 0x20) === 0x73) colon++;
  if (colon >= length) return 'more';
  return bytes[colon] === 0x3a ? 'http1' : 'tcp';
}

function match(bytes: Buffer, at: number, length: number, expected: Buffer): 'match' | 'more' | 'no' {
  for (let i = 0; i < expected.length; i++) {
    if (at + i >= length) return 'more';
    if (bytes[at + i] !== expected[i]) return 'no';
  }
  return 'match';
}

function isWord(bytes: Buffer, at: number, end: number, word: Buffer): boolean {
  return end - at === word.length && match(bytes, at, end, word) === 'match';
}

/** All registered methods are capital letters and hyphens. */
function isMethodOctet(octet: number, first: boolean): boolean {
  return (octet >= 0x41 && octet <= 0x5a) || (octet === 0x2d && !first);
}

/** What a host that CONNECT names begins with: a letter, a digit or `[`. */
function isHostOctet(octet: number): boolean {
  const letter = octet | 0x20;
  return (letter >= 0x61 && letter <= 0x7a) || (octet >= 0x30 && octet <= 0x39) || octet === 0x5b;
}
