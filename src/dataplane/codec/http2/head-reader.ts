import { Known, NEVER_TRAILERS } from '../../message/http-fields.ts';
import { MALFORMED, Mark, Pseudo } from './field-mark.ts';
import { Http2Head } from './head.ts';
import type { FieldSink } from './hpack/decoder.ts';

export type BlockKind = 'request' | 'response' | 'trailers';

/** Room for fields, names and values apart, that is kept from block to block. */
const KEPT = 256;
const ONE_STATUS = 1 << Pseudo.status;

/** Collects the fields of one header block after another, and judges each block. RFC 9113, section 8.2 and 8.3. */
export class HeadReader implements FieldSink {
  #kind: BlockKind = 'request';
  #head = new Http2Head();
  /** Of the block at hand: they are used again, and each head gets arrays that fit. */
  #fields: string[] = [];
  #marks: number[] = [];
  #count = 0;
  /** A bit for each pseudo field that has come. */
  #pseudo = 0;
  #host: string | undefined;
  /** What is wrong with the block; '' when nothing is. The first finding counts. */
  malformed = '';

  begin(kind: BlockKind): void {
    this.#kind = kind;
    if (kind !== 'trailers') this.#head = new Http2Head();
    this.#count = 0;
    this.#pseudo = 0;
    this.#host = undefined;
    this.malformed = '';
  }

  /** Fields of the block so far, without those that begin with a colon. */
  get count(): number {
    return this.#count;
  }

  /** Of trailers, names and values by turns. */
  takeFields(): readonly string[] {
    const count = 2 * this.#count;
    const fields = this.#fields.slice(0, count);
    if (count > KEPT) this.#fields = [];
    // What is kept for the next block holds no text.
    else for (let i = 0; i < count; i++) this.#fields[i] = '';
    return fields;
  }

  onField(name: string, value: string, mark: number): void {
    if ((mark & MALFORMED) !== 0) return this.#fail(whyMalformed(name, mark));
    if ((mark & Mark.pseudo) !== 0) return this.#onPseudo(name, value, mark & Mark.number);
    const known = mark & Mark.number;
    if (this.#kind === 'trailers' && NEVER_TRAILERS.has(known as Known)) return;
    if (known === Known.contentLength) this.#onContentLength(value);
    else if (known === Known.host) this.#onHost(value);
    const count = this.#count++;
    this.#fields[2 * count] = name;
    this.#fields[2 * count + 1] = value;
    this.#marks[count] = mark;
  }

  /**
   * The head; undefined, and `malformed` says why, when the block is none.
   *
   * @param extendedConnect whether CONNECT may name a protocol (RFC 8441).
   */
  finish(extendedConnect: boolean): Http2Head | undefined {
    if (this.malformed === '') {
      if (this.#kind === 'request') this.#judgeRequest(extendedConnect);
      else if (this.#kind === 'response') this.#judgeResponse();
    }
    if (this.malformed !== '') return undefined;
    const head = this.#head;
    head.marks = this.#marks.slice(0, this.#count);
    head.fields = this.takeFields();
    return head;
  }

  #onPseudo(name: string, value: string, pseudo: number): void {
    const head = this.#head;
    const isOfResponses = pseudo === Pseudo.status;
    if (isOfResponses !== (this.#kind === 'response') || this.#kind === 'trailers') {
      return this.#fail(`${name} in a ${this.#kind}`);
    }
    if (this.#count > 0) return this.#fail(`${name} behind other fields`);
    if ((this.#pseudo & (1 << pseudo)) !== 0) return this.#fail(`${name} twice`);
    this.#pseudo |= 1 << pseudo;
    if (pseudo === Pseudo.method) head.method = value;
    else if (pseudo === Pseudo.scheme) head.scheme = value;
    else if (pseudo === Pseudo.authority) head.authority = value;
    else if (pseudo === Pseudo.path) head.path = value;
    else if (pseudo === Pseudo.protocol) head.protocol = value.toLowerCase();
    else head.status = Number(value);
  }

  #onContentLength(value: string): void {
    if (this.#kind === 'trailers') return;
    if (this.#head.contentLength >= 0) return this.#fail('more than one content-length');
    this.#head.contentLength = Number(value);
  }

  #onHost(value: string): void {
    if (this.#kind !== 'request') return;
    if (this.#host !== undefined) return this.#fail('more than one host');
    this.#host = value;
  }

  #judgeRequest(extendedConnect: boolean): void {
    const head = this.#head;
    const { method, path } = head;
    if (this.#host !== undefined) this.#judgeHost(this.#host);
    if (method === '') return this.#fail('no :method');
    const isExtended = this.#has(Pseudo.protocol);
    if (isExtended) {
      if (method !== 'CONNECT') return this.#fail(':protocol without CONNECT');
      if (!extendedConnect) return this.#fail(':protocol, which was not allowed (RFC 8441)');
      if (head.protocol === '') return this.#fail('an empty :protocol');
    } else if (method === 'CONNECT') {
      if (this.#has(Pseudo.scheme) || this.#has(Pseudo.path)) return this.#fail(':scheme or :path in CONNECT');
      if (!this.#has(Pseudo.authority) || head.authority === '') this.#fail('CONNECT without :authority');
      return;
    }
    if (head.scheme === '') return this.#fail('no :scheme');
    if (!path.startsWith('/') && !(path === '*' && method === 'OPTIONS')) this.#fail('no :path that begins with /');
  }

  #judgeResponse(): void {
    if (this.#pseudo !== ONE_STATUS) this.#fail('no :status');
    else if (this.#head.status === 101) this.#fail('101, which is not of HTTP/2 (RFC 9113, section 8.6)');
  }

  /** Section 8.3.1. */
  #judgeHost(host: string): void {
    const head = this.#head;
    if (!this.#has(Pseudo.authority)) head.authority = host;
    else if (host !== head.authority && host.toLowerCase() !== head.authority.toLowerCase()) {
      this.#fail(':authority and host, which differ');
    }
  }

  #has(pseudo: number): boolean {
    return (this.#pseudo & (1 << pseudo)) !== 0;
  }

  #fail(why: string): void {
    if (this.malformed === '') this.malformed = why;
  }
}

function whyMalformed(name: string, mark: number): string {
  if ((mark & Mark.badName) !== 0) return 'a field name that is not allowed';
  if ((mark & Mark.ofConnection) !== 0) return `${name}, a field of HTTP/1 connections`;
  return `a value of ${name} that is not allowed`;
}
