import type { FieldSink } from './hpack/decoder.ts';

/** The head of a request or a response, as HTTP/2 carries it. RFC 9113, section 8.3. */
export interface Http2Head {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  /** Of an extended CONNECT (RFC 8441); '' otherwise. */
  readonly protocol: string;
  /** Responses only; 0 otherwise. */
  readonly status: number;
  /** All other fields, names and values by turns; one character is one octet. */
  readonly fields: string[];
  /** What `content-length` says; -1 when it is not there. */
  readonly contentLength: number;
}

export type BlockKind = 'request' | 'response' | 'trailers';

/** Fields that say something about one hop of HTTP/1. Section 8.2.2. */
const OF_A_CONNECTION: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'],
]);
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** Section 8.2.1: no NUL, CR or LF, and no blank at either end. */
const BAD_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;
const LENGTH = /^\d{1,15}$/;
const STATUS = /^[1-9]\d\d$/;

const PSEUDO: Readonly<Record<string, keyof Pseudo>> = {
  ':method': 'method',
  ':scheme': 'scheme',
  ':authority': 'authority',
  ':path': 'path',
  ':protocol': 'protocol',
  ':status': 'status',
};

interface Pseudo {
  method?: string;
  scheme?: string;
  authority?: string;
  path?: string;
  protocol?: string;
  status?: string;
}

/** Collects the fields of one header block and judges them. RFC 9113, section 8.2 and 8.3. */
export class HeadReader implements FieldSink {
  readonly #kind: BlockKind;
  readonly #fields: string[] = [];
  readonly #pseudo: Pseudo = {};
  #contentLength = -1;
  /** What is wrong with the block; '' when nothing is. The first finding counts. */
  malformed = '';

  constructor(kind: BlockKind) {
    this.#kind = kind;
  }

  get fields(): string[] {
    return this.#fields;
  }

  onField(name: string, value: string): void {
    if (this.malformed !== '') return;
    if (name.startsWith(':')) return this.#onPseudo(name, value);
    if (!NAME.test(name)) return this.#fail('a field name that is not allowed');
    if (BAD_VALUE.test(value)) return this.#fail(`a value of ${name} that is not allowed`);
    if (OF_A_CONNECTION.has(name)) return this.#fail(`${name}, a field of HTTP/1 connections`);
    if (name === 'te' && value !== 'trailers') return this.#fail('te with another value than trailers');
    if (name === 'content-length' && this.#kind !== 'trailers') this.#onContentLength(value);
    this.#fields.push(name, value);
  }

  /** The head; undefined, and `malformed` says why, when the block is none. */
  finish(): Http2Head | undefined {
    const { method = '', scheme = '', authority = '', path = '', protocol = '', status = '' } = this.#pseudo;
    if (this.malformed === '') this.#judge();
    if (this.malformed !== '') return undefined;
    const contentLength = this.#contentLength;
    return { method, scheme, authority, path, protocol, status: Number(status), fields: this.#fields, contentLength };
  }

  #onPseudo(name: string, value: string): void {
    const key = Object.hasOwn(PSEUDO, name) ? PSEUDO[name] : undefined;
    if (key === undefined || this.#kind === 'trailers') return this.#fail(`${name}, which is unknown here`);
    if ((key === 'status') !== (this.#kind === 'response')) return this.#fail(`${name} in a ${this.#kind}`);
    if (this.#fields.length > 0) return this.#fail(`${name} behind other fields`);
    if (this.#pseudo[key] !== undefined) return this.#fail(`${name} twice`);
    if (BAD_VALUE.test(value)) return this.#fail(`a value of ${name} that is not allowed`);
    this.#pseudo[key] = value;
  }

  #onContentLength(value: string): void {
    if (!LENGTH.test(value)) return this.#fail('a content-length that is not digits alone');
    if (this.#contentLength >= 0) return this.#fail('more than one content-length');
    this.#contentLength = Number(value);
  }

  #judge(): void {
    const { method, scheme, path, protocol, status, authority } = this.#pseudo;
    if (this.#kind === 'response') {
      if (status === undefined || !STATUS.test(status)) this.#fail('no :status of three digits');
    } else if (this.#kind === 'request') {
      if (method === undefined || method === '') return this.#fail('no :method');
      if (method === 'CONNECT' && protocol === undefined) {
        if (scheme !== undefined || path !== undefined) this.#fail(':scheme or :path in CONNECT');
        else if (authority === undefined || authority === '') this.#fail('CONNECT without :authority');
      } else if (protocol !== undefined && method !== 'CONNECT') {
        this.#fail(':protocol without CONNECT');
      } else if (scheme === undefined || scheme === '') {
        this.#fail('no :scheme');
      } else if (path === undefined || path === '') {
        this.#fail('no :path');
      }
    }
  }

  #fail(why: string): void {
    if (this.malformed === '') this.malformed = why;
  }
}
