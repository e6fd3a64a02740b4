import { writeLatin1 } from '../../../../core/latin1.ts';
import { DynamicTable } from './dynamic-table.ts';
import { huffmanEncode, huffmanLength } from './huffman.ts';
import { STATIC_INDEX, STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from './static-table.ts';

/** What a table may take at the most here, whatever the peer allows. */
const MAX_TABLE = 4096;
const FIRST_ROOM = 512;
/** Names that are remembered beside those of the table. */
const MAX_OTHER_NAMES = 64;
/** An integer of 32 bits with its prefix octet. */
const MAX_INTEGER_OCTETS = 6;

/** Values of these differ each time as a rule: in the table they would only push out what helps. */
const PASSING: ReadonlySet<string> = new Set([
  ...[':path', 'age', 'content-length', 'content-range', 'date', 'etag', 'expires', 'if-modified-since'],
  ...['if-none-match', 'last-modified', 'location', 'traceparent', 'x-request-id', 'grpc-timeout'],
]);
/** Secrets, of which an attacker who can add fields must not learn by lengths. RFC 7541, section 7.1.3. */
const SECRET: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization', 'set-cookie']);

/** How far a name's score goes: by one up for a value that was in the table, by one down for one that was put there. */
const MAX_SCORE = 8;
/** A name with no score left has one value of so many put into the table, to learn whether they come again. */
const TRIAL = 32;

/** What is known of a name: where it is in the tables, and whether its values are worth to be kept there. */
class Name {
  /** The first entry of the static table that has it, or 0, and the one behind the last. */
  readonly first: number;
  readonly end: number;
  readonly secret: boolean;
  score: number;
  /** Values that were not put into the table since the last one that was. */
  passed = 0;
  /** Its entries of the dynamic table, oldest first, and the ones of it that are evicted and not yet forgotten. */
  readonly values: string[] = [];
  readonly serials: number[] = [];

  constructor(name: string) {
    this.first = STATIC_INDEX.get(name) ?? 0;
    this.end = this.first;
    while (this.first > 0 && STATIC_NAMES[this.end] === name) this.end++;
    this.secret = SECRET.has(name);
    this.score = PASSING.has(name) ? 0 : MAX_SCORE;
  }
}

/** Writes header blocks of one direction of a connection. RFC 7541. */
export class HpackEncoder {
  readonly #table: DynamicTable;
  readonly #names = new Map<string, Name>();
  /** Entries that were ever added. */
  #added = 0;
  /** The sizes to announce in the next block: the smallest since the last one, and the current. */
  #smallest: number;
  #announce: boolean;
  #target = Buffer.allocUnsafeSlow(FIRST_ROOM);
  #at = 0;

  /** @param peerTableSize SETTINGS_HEADER_TABLE_SIZE of the peer, in octets. */
  constructor(peerTableSize = 4096) {
    const size = Math.min(peerTableSize, MAX_TABLE);
    this.#table = new DynamicTable(size);
    this.#smallest = size;
    // The peer's table begins with what it announced, or the 4096 of the specification.
    this.#announce = size !== peerTableSize;
  }

  /** The peer has announced another SETTINGS_HEADER_TABLE_SIZE. */
  setPeerTableSize(peerTableSize: number): void {
    const size = Math.min(peerTableSize, MAX_TABLE);
    if (size === this.#table.maxSize) return;
    this.#smallest = Math.min(this.#announce ? this.#smallest : this.#table.maxSize, size);
    this.#announce = true;
    this.#table.resize(size);
  }

  /** Begins a block; the one before is overwritten. */
  begin(): void {
    this.#at = 0;
    if (!this.#announce) return;
    this.#announce = false;
    this.#room(2 * MAX_INTEGER_OCTETS);
    if (this.#smallest < this.#table.maxSize) this.#integer(0x20, 5, this.#smallest);
    this.#integer(0x20, 5, this.#table.maxSize);
    this.#smallest = this.#table.maxSize;
  }

  /** @param name in lower case; one character is one octet, here and in `value`. */
  field(name: string, value: string, sensitive = false): void {
    this.#room(name.length + value.length + 4 * MAX_INTEGER_OCTETS);
    const known = this.#names.get(name) ?? this.#learn(name);
    if (sensitive || known.secret) return this.#literal(0x10, 4, known, name, value);
    for (let index = known.first; index < known.end; index++) {
      if (STATIC_VALUES[index] === value) return this.#integer(0x80, 7, index);
    }
    const index = this.#find(known, value);
    if (index > 0) {
      if (known.score < MAX_SCORE) known.score++;
      return this.#integer(0x80, 7, index);
    }
    if (!this.#isToBeKept(known)) return this.#literal(0, 4, known, name, value);
    this.#literal(0x40, 6, known, name, value);
    this.#add(known, name, value);
  }

  /** Where the block is, from 0 to `length`; valid until the next `begin`. */
  get target(): Buffer {
    return this.#target;
  }

  get length(): number {
    return this.#at;
  }

  /** The block that was begun last; valid until the next `begin`. */
  finish(): Buffer {
    return this.#target.subarray(0, this.#at);
  }

  #learn(name: string): Name {
    if (this.#names.size > 2 * this.#table.length + MAX_OTHER_NAMES) this.#forgetEvicted();
    const known = new Name(name);
    this.#names.set(name, known);
    return known;
  }

  /** The index of the entry; 0 when there is none. */
  #find({ values, serials }: Name, value: string): number {
    for (let i = values.length - 1; i >= 0; i--) {
      if (values[i] === value) return this.#indexOf(serials[i]!);
    }
    return 0;
  }

  /** Of the entry that was added as `serial`; 0 when it is evicted. */
  #indexOf(serial: number): number {
    const back = this.#added - 1 - serial;
    return back < this.#table.length ? STATIC_LENGTH + 1 + back : 0;
  }

  #isToBeKept(name: Name): boolean {
    if (this.#table.maxSize === 0) return false;
    if (name.score > 0) name.score--;
    else if (++name.passed < TRIAL) return false;
    name.passed = 0;
    return true;
  }

  #add(known: Name, name: string, value: string): void {
    this.#table.add(name, value, 0);
    const serial = this.#added++;
    const { values, serials } = known;
    const oldest = this.#added - this.#table.length;
    let evicted = 0;
    while (evicted < serials.length && serials[evicted]! < oldest) evicted++;
    if (evicted > 0) {
      values.splice(0, evicted);
      serials.splice(0, evicted);
    }
    // An entry larger than the table is not in it.
    if (serial < oldest) return;
    values.push(value);
    serials.push(serial);
  }

  #forgetEvicted(): void {
    const oldest = this.#added - this.#table.length;
    for (const [name, { serials }] of this.#names) {
      if (serials.length === 0 || serials.at(-1)! < oldest) this.#names.delete(name);
    }
  }

  /** What stays in the table is written once, so Huffman's code is worth its price there; elsewhere it is not. */
  #literal(pattern: number, prefix: number, known: Name, name: string, value: string): void {
    const { serials } = known;
    const nameIndex = known.first > 0 || serials.length === 0 ? known.first : this.#indexOf(serials.at(-1)!);
    const coded = pattern === 0x40;
    this.#integer(pattern, prefix, nameIndex);
    if (nameIndex === 0) this.#string(name, coded);
    this.#string(value, coded);
  }

  /** RFC 7541, section 5.1. */
  #integer(pattern: number, prefix: number, value: number): void {
    const target = this.#target;
    const max = (1 << prefix) - 1;
    if (value < max) {
      target[this.#at++] = pattern | value;
      return;
    }
    target[this.#at++] = pattern | max;
    let rest = value - max;
    while (rest >= 0x80) {
      target[this.#at++] = 0x80 | (rest & 0x7f);
      rest >>>= 7;
    }
    target[this.#at++] = rest;
  }

  /** RFC 7541, section 5.2. */
  #string(text: string, coded: boolean): void {
    const { length } = text;
    const codedLength = coded ? huffmanLength(text) : length;
    if (codedLength < length) {
      this.#integer(0x80, 7, codedLength);
      this.#at = huffmanEncode(text, this.#target, this.#at);
      return;
    }
    this.#integer(0, 7, length);
    this.#at = writeLatin1(this.#target, text, this.#at);
  }

  #room(octets: number): void {
    if (this.#at + octets <= this.#target.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#at + octets, this.#target.length * 2));
    this.#target.copy(grown, 0, 0, this.#at);
    this.#target = grown;
  }
}
