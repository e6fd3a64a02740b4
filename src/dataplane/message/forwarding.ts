import { isIPv6 } from 'node:net';
import { Known } from './http-fields.ts';
import type { FieldList, RequestHead } from './http-head.ts';
import type { OpenEdits } from './open-edits.ts';

/** What a listener tells the next hop about where a request came from. */
export interface ForwardingSettings {
  /**
   * What becomes of `x-forwarded-for`, `-proto`, `-host` and `forwarded`. `append` trusts what the peer says and adds
   * to it; `replace` drops all four and says anew what is known here; `remove` drops them; `keep` leaves them alone.
   */
  readonly for: 'append' | 'replace' | 'keep' | 'remove';
  /** Which of the two ways to say it is written. */
  readonly style: 'x-forwarded' | 'forwarded' | 'both';
  /** The name of this proxy in `via`; '' for no such field. */
  readonly via: string;
  /** Whether a request without an `x-request-id` that can be used gets one. */
  readonly requestId: boolean;
}

/** The version in which a message came. */
export type HttpVersion = '1.0' | '1.1' | '2';

/** An id longer than this is replaced: it goes into every log on the way. */
const MAX_REQUEST_ID = 128;

/** The forwarding fields of one listener. */
export class Forwarding {
  readonly makeRequestId: () => string;
  #settings!: ForwardingSettings;
  #via10 = '';
  #via11 = '';
  #via2 = '';

  /** @param makeRequestId must never give the same id twice. */
  constructor(settings: ForwardingSettings, makeRequestId: () => string) {
    this.makeRequestId = makeRequestId;
    this.adjust(settings);
  }

  get settings(): ForwardingSettings {
    return this.#settings;
  }

  /** For the next request of each connection as well. */
  adjust(settings: ForwardingSettings): void {
    this.#settings = settings;
    this.#via10 = `1.0 ${settings.via}`;
    this.#via11 = `1.1 ${settings.via}`;
    this.#via2 = `2 ${settings.via}`;
  }

  /**
   * @param address of the peer, as its socket says it; '' when it has none.
   * @param scheme what the connection is, whatever the peer says of it.
   */
  connection(address: string, scheme: 'http' | 'https'): ConnectionForwarding {
    return new ConnectionForwarding(this, address, scheme);
  }

  /**
   * Says in a request or a response that it came through here: another field behind those that are there, which is the
   * same as a longer list in one. RFC 9110, sections 7.6.3 and 5.3.
   */
  addVia(version: HttpVersion, edits: OpenEdits): void {
    if (this.settings.via === '') return;
    edits.added.push('via', version === '1.1' ? this.#via11 : version === '2' ? this.#via2 : this.#via10);
  }
}

/** The forwarding fields of the requests of one connection. */
export class ConnectionForwarding {
  readonly #listener: Forwarding;
  readonly #address: string;
  readonly #scheme: string;
  readonly #node: string;
  /** The `forwarded` element of the last request, and the authority it names: mostly the next one's as well. */
  #element = '';
  #authority: string | undefined;

  constructor(listener: Forwarding, address: string, scheme: string) {
    this.#listener = listener;
    this.#address = plainAddress(address);
    this.#scheme = scheme;
    this.#node = forwardedNode(this.#address);
  }

  /** Adds to `edits` what the request must say when it goes on. */
  request(head: RequestHead, version: HttpVersion, edits: OpenEdits): void {
    const { settings } = this.#listener;
    if (settings.for !== 'keep') this.#origin(head, edits);
    this.#listener.addVia(version, edits);
    if (settings.requestId) this.#requestId(head, edits);
  }

  #origin(head: RequestHead, edits: OpenEdits): void {
    const { settings } = this.#listener;
    // Both styles are dropped, whichever is written: the application may believe the other one.
    if (settings.for !== 'append') dropOrigin(edits.without);
    if (settings.for === 'remove') return;
    if (settings.style !== 'forwarded') this.#xForwarded(head, edits);
    if (settings.style !== 'x-forwarded') this.#forwarded(head, edits);
  }

  #xForwarded(head: RequestHead, edits: OpenEdits): void {
    const { added } = edits;
    if (this.#address !== '') this.#addToList(head, Known.xForwardedFor, 'x-forwarded-for', this.#address, edits);
    if (this.#unsaid(head, Known.xForwardedProto)) added.push('x-forwarded-proto', this.#scheme);
    if (head.authority !== '' && this.#unsaid(head, Known.xForwardedHost)) {
      added.push('x-forwarded-host', head.authority);
    }
  }

  /** RFC 7239, section 4. */
  #forwarded(head: RequestHead, edits: OpenEdits): void {
    if (this.#authority !== head.authority) {
      this.#authority = head.authority;
      const host = forwardedHost(head.authority);
      this.#element = `for=${this.#node}${host === '' ? '' : `;host=${host}`};proto=${this.#scheme}`;
    }
    this.#addToList(head, Known.forwarded, 'forwarded', this.#element, edits);
  }

  /** One field with the whole list: of several, many applications read but one. */
  #addToList(head: RequestHead, known: Known, name: string, item: string, edits: OpenEdits): void {
    const list = this.#listener.settings.for === 'append' ? listOf(head, known) : '';
    if (list !== '') edits.without[known] = 1;
    edits.added.push(name, list === '' ? item : `${list}, ${item}`);
  }

  /** Of these the first proxy has the last word, where it is believed. */
  #unsaid(head: RequestHead, known: Known): boolean {
    return this.#listener.settings.for === 'replace' || !has(head, known);
  }

  #requestId(head: RequestHead, edits: OpenEdits): void {
    const id = head.get(Known.xRequestId);
    if (id !== undefined && isRequestId(id)) return;
    if (id !== undefined) edits.without[Known.xRequestId] = 1;
    edits.added.push('x-request-id', this.#listener.makeRequestId());
  }
}

function dropOrigin(without: Uint8Array): void {
  without[Known.xForwardedFor] = 1;
  without[Known.xForwardedProto] = 1;
  without[Known.xForwardedHost] = 1;
  without[Known.forwarded] = 1;
}

function has(head: FieldList, known: Known): boolean {
  for (let field = 0; field < head.count; field++) if (head.knownAt(field) === known) return true;
  return false;
}

/** All fields of a name as one list. RFC 9110, section 5.3. */
function listOf(head: FieldList, known: Known): string {
  let list = '';
  for (let field = 0; field < head.count; field++) {
    if (head.knownAt(field) !== known) continue;
    const value = head.value(field);
    if (value !== '') list = list === '' ? value : `${list}, ${value}`;
  }
  return list;
}

/** Without what only this machine understands: IPv4 in IPv6 (as a socket for both has it), and the zone. */
function plainAddress(address: string): string {
  const mapped = '::ffff:';
  if (address.startsWith(mapped) && address.includes('.')) return address.slice(mapped.length);
  const zone = address.indexOf('%');
  return zone < 0 ? address : address.slice(0, zone);
}

/** RFC 7239, section 6. */
function forwardedNode(address: string): string {
  if (address === '') return 'unknown';
  return isIPv6(address) ? `"[${address}]"` : address;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
/** What may stand in a quoted string, escaped or not. RFC 9110, section 5.6.4. */
const QUOTABLE = /^[\t\x20-\x7e\x80-\xff]+$/;

/** As a token or a quoted string; '' when it can be neither. */
function forwardedHost(authority: string): string {
  if (TOKEN.test(authority)) return authority;
  return QUOTABLE.test(authority) ? `"${authority.replaceAll(/["\\]/g, '\\$&')}"` : '';
}

/** Visible ASCII, and not too much of it. */
function isRequestId(id: string): boolean {
  if (id === '' || id.length > MAX_REQUEST_ID) return false;
  for (let at = 0; at < id.length; at++) {
    const octet = id.charCodeAt(at);
    if (octet < 0x21 || octet > 0x7e) return false;
  }
  return true;
}
