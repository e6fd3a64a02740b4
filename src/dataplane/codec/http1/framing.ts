import { Known } from '../../message/http-fields.ts';
import { HttpRefusal } from '../../message/http-refusal.ts';
import type { Http1Head } from './head.ts';
import { ascii, CLASS, DIGIT, equalsIgnoringCase, HOST, SP, TAB } from './octets.ts';

/** How the end of a body is found: its length in octets, or one of these. */
export const CHUNKED = -1;
export const UNTIL_CLOSE = -2;

/** Longer than any body; and exact, as a number. */
const MAX_LENGTH_DIGITS = 15;

/** Fields that `Connection` may name: each is looked for among all. */
const MAX_OPTIONS = 32;
const COMMA = 44;
const T_CHUNKED = ascii('chunked');
const T_CLOSE = ascii('close');
const T_KEEP_ALIVE = ascii('keep-alive');
const T_UPGRADE = ascii('upgrade');
const T_CONNECT = ascii('CONNECT');
const T_HEAD = ascii('HEAD');
const HTTP_SCHEME = ascii('http://');
const HTTPS_SCHEME = ascii('https://');

/** What the `Connection` fields of a head say. */
export interface ConnectionOptions {
  close: boolean;
  keepAlive: boolean;
  upgrade: boolean;
}

/**
 * How the body of a request ends. RFC 9112, section 6.3, of which nothing is guessed: whatever
 * another recipient might read otherwise is refused (section 11.2, request smuggling).
 *
 * @throws HttpRefusal
 */
export function requestFraming(head: Http1Head): number {
  checkTarget(head);
  checkHost(head);
  const chunked = transferEncoding(head);
  const length = contentLength(head);
  if (!chunked) return length ?? 0;
  if (length !== undefined)
    throw new HttpRefusal(400, 'both Content-Length and Transfer-Encoding (RFC 9112, section 6.1)');
  return CHUNKED;
}

/**
 * How the body of a response ends.
 *
 * @param method whether the request was HEAD or CONNECT; neither has a body in its good answer.
 * @throws HttpRefusal
 */
export function responseFraming(
  head: Http1Head,
  method: { readonly head: boolean; readonly connect: boolean },
): number {
  const { status } = head;
  const chunked = transferEncoding(head);
  const length = contentLength(head);
  if (chunked && length !== undefined) throw new HttpRefusal(502, 'both Content-Length and Transfer-Encoding');
  if (method.head || status < 200 || status === 204 || status === 304) return 0;
  if (method.connect && status < 300) return 0;
  if (chunked) return CHUNKED;
  return length ?? UNTIL_CLOSE;
}

/** What the `Connection` fields say. Marks the other fields that they name: those are for this hop alone. */
export function connectionOptions(head: Http1Head, options: ConnectionOptions): void {
  options.close = options.keepAlive = options.upgrade = false;
  const first = head.first[Known.connection]!;
  if (first < 0) return;
  let named = 0;
  for (let field = first; field < head.count; field++) {
    if (head.knownAt(field) !== Known.connection) continue;
    const { bytes } = head;
    const end = head.valueEnd(field);
    let at = head.valueStart(field);
    while (at < end) {
      const next = itemEnd(bytes, at, end);
      const [from, to] = trimmed(bytes, at, next);
      if (equalsIgnoringCase(bytes, from, to, T_CLOSE)) options.close = true;
      else if (equalsIgnoringCase(bytes, from, to, T_KEEP_ALIVE)) options.keepAlive = true;
      else if (equalsIgnoringCase(bytes, from, to, T_UPGRADE)) options.upgrade = true;
      else if (from < to && ++named > MAX_OPTIONS) throw new HttpRefusal(400, 'too many options in Connection');
      else if (from < to) head.markHop(from, to);
      at = next + 1;
    }
  }
}

/** Whether the connection may carry another message after this one. RFC 9112, section 9.3. */
export function keepsAlive(head: Http1Head, options: ConnectionOptions): boolean {
  if (options.close) return false;
  return head.minor === 1 || options.keepAlive;
}

export function isConnect(head: Http1Head): boolean {
  return isMethod(head, T_CONNECT);
}

export function isHead(head: Http1Head): boolean {
  return isMethod(head, T_HEAD);
}

/** Methods differ by case. */
function isMethod(head: Http1Head, method: Uint8Array): boolean {
  const { bytes, base, methodStart, methodEnd } = head;
  if (methodEnd - methodStart !== method.length) return false;
  for (let i = 0; i < method.length; i++) if (bytes[base + methodStart + i] !== method[i]) return false;
  return true;
}

/** True for `chunked` alone; other codings cannot be carried on, since nothing here takes them off again. */
function transferEncoding(head: Http1Head): boolean {
  const field = head.first[Known.transferEncoding]!;
  if (field < 0) return false;
  if (head.minor === 0) throw new HttpRefusal(400, 'Transfer-Encoding in HTTP/1.0 (RFC 9112, section 6.1)');
  if (isRepeated(head, Known.transferEncoding)) throw new HttpRefusal(400, 'more than one Transfer-Encoding');
  if (!equalsIgnoringCase(head.bytes, head.valueStart(field), head.valueEnd(field), T_CHUNKED)) {
    throw new HttpRefusal(501, 'a Transfer-Encoding other than chunked (RFC 9112, section 6.1)');
  }
  return true;
}

/** Digits alone, and once: no sign, list or repetition, which recipients read in several ways. */
function contentLength(head: Http1Head): number | undefined {
  const field = head.first[Known.contentLength]!;
  if (field < 0) return undefined;
  if (isRepeated(head, Known.contentLength)) throw new HttpRefusal(400, 'more than one Content-Length');
  const start = head.valueStart(field);
  const end = head.valueEnd(field);
  if (start === end) throw new HttpRefusal(400, 'an empty Content-Length');
  let length = 0;
  for (let at = start; at < end; at++) {
    if ((CLASS[head.bytes[at]!]! & DIGIT) === 0)
      throw new HttpRefusal(400, 'a Content-Length that is not digits alone');
    length = length * 10 + head.bytes[at]! - 48;
  }
  if (end - start > MAX_LENGTH_DIGITS) throw new HttpRefusal(413, 'a Content-Length beyond any body');
  return length;
}

/** RFC 9112, section 3.2: a path, a URL of HTTP, the authority of CONNECT, or the `*` of OPTIONS. Routes know no other. */
function checkTarget(head: Http1Head): void {
  if (head.hasOriginForm || isConnect(head) || authorityOfTarget(head) !== undefined) return;
  if (head.method === 'OPTIONS' && head.target === '*') return;
  throw new HttpRefusal(400, 'a request target that is neither a path nor a URL (RFC 9112, section 3.2)');
}

/** RFC 9112, section 3.2 and 3.2.2. */
function checkHost(head: Http1Head): void {
  const field = head.first[Known.host]!;
  if (field < 0) {
    if (head.minor === 1) throw new HttpRefusal(400, 'no Host (RFC 9112, section 3.2)');
    return;
  }
  if (isRepeated(head, Known.host)) throw new HttpRefusal(400, 'more than one Host (RFC 9112, section 3.2)');
  const { bytes } = head;
  const start = head.valueStart(field);
  const end = head.valueEnd(field);
  for (let at = start; at < end; at++) {
    if ((CLASS[bytes[at]!]! & HOST) === 0) throw new HttpRefusal(400, 'a Host that is none (RFC 9112, section 3.2)');
  }
  const authority = authorityOfTarget(head);
  if (authority === undefined) return;
  const same = equalsIgnoringCase(bytes, start, end, lower(bytes, authority[0], authority[1]));
  if (!same) throw new HttpRefusal(400, 'a target in absolute form and a Host that differ (RFC 9112, section 3.2.2)');
}

/** Where the authority of a target in absolute form is; undefined for the other forms. */
export function authorityOfTarget(head: Http1Head): readonly [start: number, end: number] | undefined {
  const { bytes, base } = head;
  const start = base + head.targetStart;
  const end = base + head.targetEnd;
  let from = -1;
  for (const scheme of [HTTP_SCHEME, HTTPS_SCHEME]) {
    if (equalsIgnoringCase(bytes, start, Math.min(end, start + scheme.length), scheme)) from = start + scheme.length;
  }
  if (from < 0) return undefined;
  let to = from;
  while (to < end && !isAuthorityEnd(bytes[to]!)) to++;
  return [from, to];
}

/** `/`, `?` or `#`. */
function isAuthorityEnd(octet: number): boolean {
  return octet === 47 || octet === 63 || octet === 35;
}

function lower(bytes: Buffer, start: number, end: number): Uint8Array {
  return ascii(bytes.toString('latin1', start, end).toLowerCase());
}

function isRepeated(head: Http1Head, known: Known): boolean {
  for (let field = head.first[known]! + 1; field < head.count; field++) if (head.knownAt(field) === known) return true;
  return false;
}

function itemEnd(bytes: Buffer, at: number, end: number): number {
  while (at < end && bytes[at] !== COMMA) at++;
  return at;
}

function trimmed(bytes: Buffer, start: number, end: number): readonly [number, number] {
  while (start < end && (bytes[start] === SP || bytes[start] === TAB)) start++;
  while (end > start && (bytes[end - 1] === SP || bytes[end - 1] === TAB)) end--;
  return [start, end];
}
