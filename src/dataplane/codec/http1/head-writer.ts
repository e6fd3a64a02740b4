import { writeLatin1 } from '../../../core/latin1.ts';
import { Known } from '../../message/http-fields.ts';
import type { FieldList, HeadEdits, RequestHead, ResponseHead } from '../../message/http-head.ts';
import type { ByteSink } from '../../message/frame.ts';
import { writeBytes } from '../../message/write-bytes.ts';
import { Http1Head } from './head.ts';
import { ascii } from './octets.ts';
import { REASONS } from './reasons.ts';

const FIRST_ROOM = 4096;
const CR = 13;
const LF = 10;
const VERSION = ascii(' HTTP/1.1\r\n');
const STATUS = ascii('HTTP/1.1 ');
const CHUNKED = ascii('transfer-encoding: chunked\r\n');
const CLOSE = ascii('connection: close\r\n');
const KEEP_ALIVE = ascii('connection: keep-alive\r\n');
const NO_CONTENT = ascii('content-length: 0\r\n');

/** What the sender of a message says about this hop alone; it writes these, and no other hop fields come from it. */
export interface HopFields {
  chunked: boolean;
  /** An explicit `content-length: 0`. */
  empty: boolean;
  connection: 'close' | 'keep-alive' | undefined;
  /** The protocol to go on with; '' when it stays HTTP. */
  upgrade: string;
  /** Requests: in place of the head's own `Host`; '' to leave it as it is. */
  host: string;
  /** `sec-websocket-key` of a request, `sec-websocket-accept` of a response, where it had none; or ''. */
  key: string;
}

export function newHopFields(): HopFields {
  return { chunked: false, empty: false, connection: undefined, upgrade: '', host: '', key: '' };
}

/**
 * Writes heads. RFC 9112. Names keep their case and fields their order; what came in HTTP/1 and is
 * not changed is copied as it came.
 */
export class HeadWriter {
  #target: Buffer = Buffer.allocUnsafeSlow(FIRST_ROOM);
  #at = 0;
  #leaveOutHost = false;

  /** @param path in place of the head's own, or undefined. */
  request(out: ByteSink, head: RequestHead, path: string | undefined, edits: HeadEdits, hop: HopFields): void {
    this.#at = 0;
    this.#requestLine(head, path);
    this.#leaveOutHost = hop.host !== '';
    if (hop.host !== '') this.#field('host', hop.host);
    this.#fields(head, edits);
    if (hop.key !== '') this.#field('sec-websocket-key', hop.key);
    this.#finish(out, hop);
  }

  /** @param status may differ from the head's own. */
  response(out: ByteSink, status: number, head: ResponseHead, edits: HeadEdits, hop: HopFields): void {
    this.#at = 0;
    const reason = status === head.status ? head.reason : '';
    const phrase = reason === '' ? (REASONS[status] ?? '') : reason;
    this.#room(STATUS.length + 6 + phrase.length);
    this.#octets(STATUS);
    this.#text(String(status));
    this.#target[this.#at++] = 32;
    this.#text(phrase);
    this.#lineEnd();
    this.#leaveOutHost = false;
    this.#fields(head, edits);
    if (hop.key !== '') this.#field('sec-websocket-accept', hop.key);
    this.#finish(out, hop);
  }

  #requestLine(head: RequestHead, path: string | undefined): void {
    if (path === undefined && head instanceof Http1Head && head.hasOriginForm) {
      const { bytes, base, methodStart, targetEnd } = head;
      this.#room(targetEnd - methodStart + VERSION.length);
      this.#copy(bytes, base + methodStart, base + targetEnd);
    } else {
      // To go on in another protocol is asked for by GET here, by CONNECT in HTTP/2. RFC 8441, section 5.
      const method = head.protocol === '' ? head.method : 'GET';
      const target = method === 'CONNECT' ? head.authority : (path ?? head.path);
      this.#room(method.length + 1 + target.length + VERSION.length);
      this.#text(method);
      this.#target[this.#at++] = 32;
      this.#text(target);
    }
    this.#octets(VERSION);
  }

  #fields(list: FieldList, edits: HeadEdits): void {
    if (list instanceof Http1Head) this.#http1Fields(list, edits);
    else this.#otherFields(list, edits);
    const { added } = edits;
    for (let i = 0; i < added.length; i += 2) this.#field(added[i]!, added[i + 1]!);
  }

  /** Neighbours that stay are copied at one go. */
  #http1Fields(head: Http1Head, edits: HeadEdits): void {
    const { count } = head;
    let first = 0;
    for (let field = 0; field < count; field++) {
      if (!this.#isLeftOut(head, field, edits)) continue;
      if (field > first) this.#lines(head, first, field - 1);
      first = field + 1;
    }
    if (count > first) this.#lines(head, first, count - 1);
  }

  #lines(head: Http1Head, first: number, last: number): void {
    const start = head.nameStart(first);
    const end = head.valueEnd(last);
    this.#room(end - start + 2);
    this.#copy(head.bytes, start, end);
    this.#lineEnd();
  }

  #otherFields(list: FieldList, edits: HeadEdits): void {
    // HTTP/2 may cut this one at its semicolons; here it is one field. RFC 9113, section 8.2.3.
    let cookie = '';
    for (let field = 0; field < list.count; field++) {
      if (this.#isLeftOut(list, field, edits)) continue;
      const [name, value] = [list.name(field), list.value(field)];
      if (name === 'cookie') cookie = cookie === '' ? value : `${cookie}; ${value}`;
      else this.#field(name, value);
    }
    if (cookie !== '') this.#field('cookie', cookie);
  }

  #field(name: string, value: string): void {
    this.#room(name.length + value.length + 4);
    this.#text(name);
    this.#target[this.#at++] = 58;
    this.#target[this.#at++] = 32;
    this.#text(value);
    this.#lineEnd();
  }

  #finish(out: ByteSink, hop: HopFields): void {
    this.#room(CHUNKED.length + KEEP_ALIVE.length + NO_CONTENT.length + 2);
    if (hop.upgrade !== '') {
      this.#field('connection', 'upgrade');
      this.#field('upgrade', hop.upgrade);
    } else if (hop.connection !== undefined) {
      this.#octets(hop.connection === 'close' ? CLOSE : KEEP_ALIVE);
    }
    if (hop.chunked) this.#octets(CHUNKED);
    if (hop.empty) this.#octets(NO_CONTENT);
    this.#room(2);
    this.#lineEnd();
    writeBytes(out, this.#target, 0, this.#at);
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    bytes.copy(this.#target, this.#at, start, end);
    this.#at += end - start;
  }

  #octets(octets: Uint8Array): void {
    const target = this.#target;
    let at = this.#at;
    for (let i = 0; i < octets.length; i++) target[at++] = octets[i]!;
    this.#at = at;
  }

  #text(text: string): void {
    this.#at = writeLatin1(this.#target, text, this.#at);
  }

  #lineEnd(): void {
    this.#target[this.#at++] = CR;
    this.#target[this.#at++] = LF;
  }

  #room(octets: number): void {
    if (this.#at + octets <= this.#target.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#at + octets, this.#target.length * 2));
    this.#target.copy(grown, 0, 0, this.#at);
    this.#target = grown;
  }

  #isLeftOut(list: FieldList, field: number, edits: HeadEdits): boolean {
    const known = list.knownAt(field);
    if (known !== Known.other && edits.without[known] === 1) return true;
    if (known === Known.host && this.#leaveOutHost) return true;
    return edits.withoutNames !== undefined && edits.withoutNames.has(list.name(field).toLowerCase());
  }
}
