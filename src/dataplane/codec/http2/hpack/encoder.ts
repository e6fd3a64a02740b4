import { DynamicTable } from './dynamic-table.ts';
import { huffmanEncode, huffmanLength } from './huffman.ts';
import { STATIC_INDEX, STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from './static-table.ts';

/** What a table may take at the most here, whatever the peer allows. */
const MAX_TABLE = 4096;
const FIRST_ROOM = 512;
/** An integer of 32 bits with its prefix octet. */
const MAX_INTEGER_OCTETS = 6;

/** Values of these differ each time: in the table they would only push out what helps. */
const PASSING: ReadonlySet<string> = new Set([
  ...[':path', 'age', 'content-length', 'content-range', 'date', 'etag', 'expires', 'if-modified-since'],
  ...['if-none-match', 'last-modified', 'location', 'set-cookie', 'traceparent', 'x-request-id'],
]);
/** Secrets, of which an attacker who can add fields must not learn by lengths. RFC 7541, section 7.1.3. */
const SECRET: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization']);

interface Entry {
  readonly value: string;
  /** Counts all entries that were ever added. */
  readonly serial: number;
}

/** Writes header blocks of one direction of a connection. RFC 7541. */
export class HpackEncoder {
  readonly #table: DynamicTable;
  readonly #entries = new Map<string, Entry[]>();
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
    const known = STATIC_INDEX.get(name) ?? 0;
    if (sensitive || SECRET.has(name)) return this.#literal(0x10, 4, known, name, value);
    if (known !== 0) {
      for (let index = known; STATIC_NAMES[index] === name; index++) {
        if (STATIC_VALUES[index] === value) return this.#integer(0x80, 7, index);
      }
    }
    const entries = this.#entries.get(name);
    const index = entries === undefined ? -1 : this.#find(entries, value);
    if (index >= 0) return this.#integer(0x80, 7, STATIC_LENGTH + 1 + index);
    if (PASSING.has(name) || this.#table.maxSize === 0) return this.#literal(0, 4, known, name, value);
    this.#literal(0x40, 6, known === 0 ? this.#indexOfName(entries) : known, name, value);
    this.#add(name, value, entries);
  }

  /** The block that was begun last; valid until the next `begin`. */
  finish(): Buffer {
    return this.#target.subarray(0, this.#at);
  }

  #find(entries: readonly Entry[], value: string): number {
    for (const entry of entries) {
      if (entry.value === value) {
        const index = this.#added - 1 - entry.serial;
        return index < this.#table.length ? index : -1;
      }
    }
    return -1;
  }

  /** Of the newest entry with the name that the entries share; 0 without one. */
  #indexOfName(entries: readonly Entry[] | undefined): number {
    if (entries === undefined || entries.length === 0) return 0;
    const index = this.#added - 1 - entries.at(-1)!.serial;
    return index < this.#table.length ? STATIC_LENGTH + 1 + index : 0;
  }

  #add(name: string, value: string, entries: Entry[] | undefined): void {
    this.#table.add(name, value, 0);
    const serial = this.#added++;
    if (entries === undefined) this.#entries.set(name, [{ value, serial }]);
    else {
      const oldest = this.#added - this.#table.length;
      let evicted = 0;
      while (evicted < entries.length && (entries[evicted]!.serial < oldest || entries[evicted]!.value === value)) {
        evicted++;
      }
      entries.splice(0, evicted);
      entries.push({ value, serial });
    }
    if (this.#entries.size > 2 * this.#table.length + 64) this.#forgetEvicted();
  }

  #forgetEvicted(): void {
    const oldest = this.#added - this.#table.length;
    for (const [name, entries] of this.#entries) {
      if (entries.at(-1)!.serial < oldest) this.#entries.delete(name);
    }
  }

  #literal(pattern: number, prefix: number, nameIndex: number, name: string, value: string): void {
    this.#integer(pattern, prefix, nameIndex);
    if (nameIndex === 0) this.#string(name);
    this.#string(value);
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

  /** RFC 7541, section 5.2: in Huffman's code where that is shorter. */
  #string(text: string): void {
    const coded = huffmanLength(text);
    if (coded < text.length) {
      this.#integer(0x80, 7, coded);
      this.#at = huffmanEncode(text, this.#target, this.#at);
    } else {
      this.#integer(0, 7, text.length);
      this.#at += this.#target.write(text, this.#at, 'latin1');
    }
  }

  #room(octets: number): void {
    if (this.#at + octets <= this.#target.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#at + octets, this.#target.length * 2));
    this.#target.copy(grown, 0, 0, this.#at);
    this.#target = grown;
  }
}
