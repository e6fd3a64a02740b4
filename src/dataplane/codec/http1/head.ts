import { Known, KNOWN_NAMES } from '../../message/http-fields.ts';
import type { RequestHead, ResponseHead } from '../../message/http-head.ts';
import { ascii, equalsIgnoringCase } from './octets.ts';

/** Numbers kept of each field: where its name and its value begin and end. */
const STRIDE = 4;
const SLASH = 47;
/** Longer texts are not compared with those before. */
const MAX_AGAIN = 64;
/** A target in absolute form: its authority, and the rest. */
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

/**
 * The head of one HTTP/1 message, read in place. The object is used again for the next message of
 * its connection: positions are in `bytes` and valid only until the parser goes on.
 */
export class Http1Head implements RequestHead, ResponseHead {
  bytes: Buffer = Buffer.alloc(0);
  /** Where it begins in `bytes`; its parts are counted from there while they are read. */
  base = 0;
  /** Octets up to the end of the empty line. */
  length = 0;
  /** HTTP/1.0 or HTTP/1.1. */
  minor: 0 | 1 = 1;
  /** Positions from `base`: of the method and the target, or of the reason. */
  methodStart = 0;
  methodEnd = 0;
  targetStart = 0;
  targetEnd = 0;
  reasonStart = 0;
  reasonEnd = 0;
  /** Responses only. */
  status = 0;
  /** How many fields there are. */
  count = 0;
  /** The first field of each known name, or -1. */
  readonly first = new Int16Array(KNOWN_NAMES.length).fill(-1);
  /** Of the connection that it came on. */
  scheme: 'http' | 'https' = 'http';
  /** What its `Upgrade` asks for, once `Connection` has been found to name it. */
  protocol = '';
  #positions = new Int32Array(32 * STRIDE);
  #known = new Uint8Array(32);
  #method: string | undefined;
  #path: string | undefined;
  #authority: string | undefined;
  /** What these were in the message before: on one connection they mostly come again. */
  #lastMethod = '';
  #lastTarget = '';
  #lastHost = '';

  reset(): void {
    this.count = 0;
    this.status = 0;
    this.first.fill(-1);
    this.protocol = '';
    this.#method = this.#path = this.#authority = undefined;
  }

  /**
   * Marks the fields named `bytes[start, end)`, which `Connection` names: they are for this hop alone.
   * Those that every hop needs stay: nobody can have them taken out by naming them. RFC 9110, section 7.6.1.
   */
  markHop(start: number, end: number): void {
    const name = ascii(this.bytes.toString('latin1', start, end).toLowerCase());
    for (let field = 0; field < this.count; field++) {
      if (this.#known[field] !== Known.other) continue;
      if (equalsIgnoringCase(this.bytes, this.nameStart(field), this.nameEnd(field), name)) {
        this.#known[field] = Known.hop;
      }
    }
  }

  /** Copies it to `target`, which then holds its octets and outlives the buffer that they came in. */
  keepIn(target: Buffer): void {
    this.bytes.copy(target, 0, this.base, this.base + this.length);
    this.bytes = target;
    this.base = 0;
  }

  /** Positions from `base`. */
  add(known: Known, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void {
    if (this.count === this.#known.length) this.#grow();
    const at = this.count * STRIDE;
    this.#positions[at] = nameStart;
    this.#positions[at + 1] = nameEnd;
    this.#positions[at + 2] = valueStart;
    this.#positions[at + 3] = valueEnd;
    this.#known[this.count] = known;
    if (known !== Known.other && this.first[known] === -1) this.first[known] = this.count;
    this.count++;
  }

  knownAt(field: number): Known {
    return this.#known[field] as Known;
  }

  /** In `bytes`, as the three below. */
  nameStart(field: number): number {
    return this.base + this.#positions[field * STRIDE]!;
  }

  nameEnd(field: number): number {
    return this.base + this.#positions[field * STRIDE + 1]!;
  }

  valueStart(field: number): number {
    return this.base + this.#positions[field * STRIDE + 2]!;
  }

  valueEnd(field: number): number {
    return this.base + this.#positions[field * STRIDE + 3]!;
  }

  /** One character is one octet. */
  name(field: number): string {
    return this.bytes.toString('latin1', this.nameStart(field), this.nameEnd(field));
  }

  value(field: number): string {
    return this.bytes.toString('latin1', this.valueStart(field), this.valueEnd(field));
  }

  has(known: Known): boolean {
    return this.first[known]! >= 0;
  }

  /** The value of the first field of this name; undefined when there is none. */
  get(known: Known): string | undefined {
    const field = this.first[known]!;
    return field < 0 ? undefined : this.value(field);
  }

  get method(): string {
    return (this.#method ??= this.#lastMethod = this.#again(this.#lastMethod, this.methodStart, this.methodEnd));
  }

  /** That of a target in absolute form, or `Host`; of CONNECT the target itself. */
  get authority(): string {
    return (this.#authority ??= this.#findAuthority());
  }

  get path(): string {
    return (this.#path ??= this.#findPath());
  }

  /** Whether the target is a path, so that it can be passed on as it came. */
  get hasOriginForm(): boolean {
    return this.bytes[this.base + this.targetStart] === SLASH;
  }

  /** As it came. */

  get target(): string {
    return (this.#lastTarget = this.#again(this.#lastTarget, this.targetStart, this.targetEnd));
  }

  get reason(): string {
    return this.#text(this.reasonStart, this.reasonEnd);
  }

  #findAuthority(): string {
    if (this.method === 'CONNECT') return this.target;
    const form = this.hasOriginForm ? null : ABSOLUTE.exec(this.target);
    return form?.[1] ?? this.#host();
  }

  #findPath(): string {
    const { target } = this;
    if (this.hasOriginForm) return target;
    if (this.method === 'CONNECT') return '';
    const rest = ABSOLUTE.exec(target)?.[2];
    if (rest === undefined) return target;
    if (rest.startsWith('/')) return rest;
    // RFC 9112, section 3.2.4: OPTIONS for the whole server.
    return rest === '' && this.method === 'OPTIONS' ? '*' : `/${rest}`;
  }

  #host(): string {
    const field = this.first[Known.host]!;
    if (field < 0) return '';
    const { base } = this;
    return (this.#lastHost = this.#again(this.#lastHost, this.valueStart(field) - base, this.valueEnd(field) - base));
  }

  /** The text from `start` to `end`; `last` where it is the same, as comparing is cheaper than making a string. */
  #again(last: string, start: number, end: number): string {
    const { length } = last;
    if (end - start !== length || length > MAX_AGAIN) return this.#text(start, end);
    const { bytes } = this;
    const from = this.base + start;
    for (let i = 0; i < length; i++) if (bytes[from + i] !== last.charCodeAt(i)) return this.#text(start, end);
    return last;
  }

  #text(start: number, end: number): string {
    return this.bytes.toString('latin1', this.base + start, this.base + end);
  }

  #grow(): void {
    const positions = new Int32Array(this.#positions.length * 2);
    positions.set(this.#positions);
    const known = new Uint8Array(this.#known.length * 2);
    known.set(this.#known);
    this.#positions = positions;
    this.#known = known;
  }
}
