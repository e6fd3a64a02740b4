import { Known, KNOWN_NAMES, marksOf } from '../../message/http-fields.ts';
import type { FieldList, HeadEdits, RequestHead } from '../../message/http-head.ts';
import { Mark } from './field-mark.ts';
import { Http2Head } from './head.ts';
import { HpackEncoder } from './hpack/encoder.ts';

/** What HTTP/2 never carries (RFC 9113, section 8.2.2), and `host`, whose place `:authority` takes. */
const LEFT_OUT: Uint8Array = marksOf(
  Known.connection,
  Known.keepAlive,
  Known.proxyConnection,
  Known.transferEncoding,
  Known.upgrade,
  Known.http2Settings,
  Known.host,
);

/** Statuses as texts, so that none is made for each response. */
const STATUS_TEXTS: readonly string[] = Array.from({ length: 600 }, (_, status) => String(status));

/** Writes the header blocks of one direction of a connection. Each is in the encoder until the next one is written. */
export class HeadWriter {
  readonly #encoder = new HpackEncoder();

  setPeerTableSize(size: number): void {
    this.#encoder.setPeerTableSize(size);
  }

  /** @param fields names in lower case and values by turns, pseudo fields first. */
  fields(fields: readonly string[]): HpackEncoder {
    this.#encoder.begin();
    this.#added(fields);
    return this.#encoder;
  }

  /** @param fields names in any case and values by turns. */
  trailers(fields: readonly string[]): HpackEncoder {
    const encoder = this.#encoder;
    encoder.begin();
    for (let i = 0; i < fields.length; i += 2) encoder.field(lowerCase(fields[i]!), fields[i + 1]!, false);
    return encoder;
  }

  /** A request, or one that opens another protocol (RFC 8441). `path` and `authority` may take the place of its own. */
  request(head: RequestHead, path: string | undefined, authority: string | undefined, edits: HeadEdits): HpackEncoder {
    const encoder = this.#encoder;
    const { method, protocol } = head;
    encoder.begin();
    if (protocol !== '') {
      encoder.field(':method', 'CONNECT', false);
      encoder.field(':protocol', protocol, false);
    } else {
      encoder.field(':method', method, false);
    }
    if (protocol !== '' || method !== 'CONNECT') {
      encoder.field(':scheme', head.scheme, false);
      encoder.field(':path', path ?? head.path, false);
    }
    const host = authority ?? head.authority;
    if (host !== '') encoder.field(':authority', host, false);
    this.#list(head, edits);
    return encoder;
  }

  response(status: number, list: FieldList, edits: HeadEdits): HpackEncoder {
    this.#encoder.begin();
    this.#encoder.field(':status', STATUS_TEXTS[status] ?? String(status), false);
    this.#list(list, edits);
    return this.#encoder;
  }

  #list(list: FieldList, edits: HeadEdits): void {
    if (list instanceof Http2Head) this.#http2Fields(list, edits);
    else this.#otherFields(list, edits);
    this.#added(edits.added);
  }

  #http2Fields(head: Http2Head, edits: HeadEdits): void {
    const { fields, marks } = head;
    const { without, withoutNames } = edits;
    for (let i = 0; i < marks.length; i++) {
      const mark = marks[i]!;
      const known = mark & Mark.number;
      if (known !== Known.other && (without[known] === 1 || LEFT_OUT[known] === 1)) continue;
      const name = fields[2 * i]!;
      if (withoutNames !== undefined && withoutNames.has(name)) continue;
      this.#encoder.field(name, fields[2 * i + 1]!, (mark & Mark.sensitive) !== 0);
    }
  }

  #otherFields(list: FieldList, edits: HeadEdits): void {
    const { without, withoutNames } = edits;
    const { count } = list;
    for (let i = 0; i < count; i++) {
      const known = list.knownAt(i);
      if (known !== Known.other && (without[known] === 1 || LEFT_OUT[known] === 1)) continue;
      const name = known === Known.other ? lowerCase(list.name(i)) : KNOWN_NAMES[known]!;
      if (withoutNames !== undefined && withoutNames.has(name)) continue;
      const value = list.value(i);
      if (known !== Known.te || value === 'trailers') this.#encoder.field(name, value, false);
    }
  }

  #added(fields: readonly string[]): void {
    for (let i = 0; i < fields.length; i += 2) this.#encoder.field(fields[i]!, fields[i + 1]!, false);
  }
}

function lowerCase(name: string): string {
  for (let i = 0; i < name.length; i++) {
    const octet = name.charCodeAt(i);
    if (octet >= 65 && octet <= 90) return name.toLowerCase();
  }
  return name;
}
