import { WeftError } from '../../../../core/errors.ts';
import { Mark, markField, markName } from '../field-mark.ts';
import { DynamicTable, fieldSize } from './dynamic-table.ts';
import { huffmanDecode } from './huffman.ts';
import { LiteralCache } from './literal-cache.ts';
import { STATIC_LENGTH, STATIC_MARKS, STATIC_NAMES, STATIC_VALUES } from './static-table.ts';

/** Takes the fields of a header block, in order. */
export interface FieldSink {
  /** Each character of `name` and `value` is one octet. `mark`: what they are, as in field-mark.ts. */
  onField(name: string, value: string, mark: number): void;
}

/** Of an entry's mark, what is about its name. */
const NAME_MARKS = ~Mark.badValue;
/** What a literal was read as, beside the marks of names: a name itself, and in Huffman's code. */
const NAME = 0x4000;
const CODED = 0x8000;
const FIRST_SCRATCH = 256;
/** Continuation octets of an integer: five hold 32 bits, and nothing here is larger. */
const MAX_INTEGER_SHIFT = 28;

/**
 * Reads header blocks of one direction of a connection. RFC 7541.
 *
 * A block that cannot be read throws a WeftError `compression`: the table is out of step then,
 * and the connection has to end.
 */
export class HpackDecoder {
  readonly #table: DynamicTable;
  /** What the last SETTINGS of this side allow the peer to use. */
  #limit: number;
  #scratch = Buffer.allocUnsafeSlow(FIRST_SCRATCH);
  #bytes: Buffer = this.#scratch;
  #at = 0;
  #end = 0;
  /** Made when there is something to remember: most connections are idle. */
  #cache: LiteralCache | undefined;
  /** Of the string that was read last. */
  #mark = 0;

  /** @param tableSize SETTINGS_HEADER_TABLE_SIZE of this side, in octets. */
  constructor(tableSize = 4096) {
    this.#limit = tableSize;
    this.#table = new DynamicTable(tableSize);
  }

  /**
   * Reads the whole block `bytes[start, end)`.
   *
   * @param maxListSize of all fields, as `fieldSize` counts; what is beyond it is read, for the
   *   table must stay in step, and not given to the sink.
   * @returns whether all fields were within it.
   */
  decode(bytes: Buffer, start: number, end: number, maxListSize: number, sink: FieldSink): boolean {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    let size = 0;
    let mayResize = true;
    while (this.#at < end) {
      const first = bytes[this.#at]!;
      if ((first & 0xe0) === 0x20) {
        if (!mayResize) throw malformed('a table size update that does not begin the block');
        this.#resize(this.#integer(5));
        continue;
      }
      mayResize = false;
      size += this.#field(first, size < maxListSize ? maxListSize - size : 0, sink);
    }
    return size <= maxListSize;
  }

  /** Reads one field and hands it on unless it is larger than `room`; returns its size. */
  #field(first: number, room: number, sink: FieldSink): number {
    if (first >= 0x80) return this.#indexedField(this.#integer(7), room, sink);
    const kept = first >= 0x40;
    const index = this.#integer(kept ? 6 : 4);
    const name = index === 0 ? this.#string(NAME, true) : this.#nameAt(index);
    const nameMark = index === 0 ? this.#mark : this.#markAt(index) & NAME_MARKS;
    // Paths come again; other values that are not put into the table differ each time.
    const value = this.#string(nameMark, !kept && (nameMark & Mark.pseudo) !== 0);
    let mark = this.#mark;
    if (kept) this.#table.add(name, value, mark);
    else if (first >= 0x10) mark |= Mark.sensitive;
    const size = fieldSize(name, value);
    if (size <= room) sink.onField(name, value, mark);
    return size;
  }

  #indexedField(index: number, room: number, sink: FieldSink): number {
    const name = this.#nameAt(index);
    const value = index <= STATIC_LENGTH ? STATIC_VALUES[index]! : this.#table.value(index - STATIC_LENGTH - 1);
    const size = fieldSize(name, value);
    if (size <= room) sink.onField(name, value, this.#markAt(index));
    return size;
  }

  /** @param index of an entry that exists. */
  #markAt(index: number): number {
    return index <= STATIC_LENGTH ? STATIC_MARKS[index]! : this.#table.mark(index - STATIC_LENGTH - 1);
  }

  #nameAt(index: number): string {
    if (index === 0) throw malformed('the index 0');
    if (index <= STATIC_LENGTH) return STATIC_NAMES[index]!;
    const dynamic = index - STATIC_LENGTH - 1;
    if (dynamic >= this.#table.length) throw malformed(`the index ${index}, beyond the table's end`);
    return this.#table.name(dynamic);
  }

  #resize(size: number): void {
    if (size > this.#limit) throw malformed(`a table of ${size} octets where ${this.#limit} are allowed`);
    this.#table.resize(size);
  }

  /** Section 5.1; `prefix` bits of the octet at hand belong to it. */
  #integer(prefix: number): number {
    const mask = (1 << prefix) - 1;
    let value = this.#octet() & mask;
    if (value < mask) return value;
    let shift = 0;
    for (;;) {
      const octet = this.#octet();
      // Beyond 32 bits; zeros in front are no reason to go on for ever either.
      if (shift > MAX_INTEGER_SHIFT || (shift === MAX_INTEGER_SHIFT && (octet & 0x7f) > 7)) {
        throw malformed('an integer that is too large');
      }
      value += (octet & 0x7f) * 2 ** shift;
      if (octet < 0x80) return value;
      shift += 7;
    }
  }

  /**
   * A string, whose mark is then in `#mark`. Section 5.2.
   *
   * @param name the mark of the name that it is the value of; `NAME` when it is a name.
   */
  #string(name: number, cached: boolean): string {
    if (this.#at >= this.#end) throw malformed('an end in the middle of a field');
    const coded = this.#bytes[this.#at]! >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (length > this.#end - start) throw malformed('a string that is longer than its block');
    this.#at = end;
    const kind = coded ? name | CODED : name;
    const cache = cached ? (this.#cache ??= new LiteralCache()) : undefined;
    const slot = cache === undefined ? -1 : cache.find(this.#bytes, start, end, kind);
    if (slot >= 0) {
      this.#mark = cache!.mark(slot);
      return cache!.text(slot);
    }
    const text = coded ? this.#decoded(start, end) : this.#bytes.toString('latin1', start, end);
    this.#mark = name === NAME ? markName(text) : markField(name, text);
    cache?.keep(this.#bytes, start, end, kind, text, this.#mark);
    return text;
  }

  /** What Huffman's code in `[start, end)` says. */
  #decoded(start: number, end: number): string {
    const room = 2 * (end - start);
    if (room > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(Math.max(room, this.#scratch.length * 2));
    const length = huffmanDecode(this.#bytes, start, end, this.#scratch, 0);
    if (length < 0) throw malformed('a string whose Huffman code is wrong');
    return this.#scratch.toString('latin1', 0, length);
  }

  #octet(): number {
    if (this.#at >= this.#end) throw malformed('an end in the middle of a field');
    return this.#bytes[this.#at++]!;
  }
}

function malformed(what: string): WeftError {
  return new WeftError('compression', `the header block holds ${what}`, { side: 'downstream' });
}
