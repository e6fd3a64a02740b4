/** What an entry counts beside its name and value. RFC 7541, section 4.1. */
const ENTRY_OVERHEAD = 32;

/** The size of a field, as tables and SETTINGS_MAX_HEADER_LIST_SIZE count it. One character is one octet. */
export function fieldSize(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

function emptySlots(): (string | undefined)[] {
  return Array.from({ length: 16 }, () => undefined);
}

/** The dynamic table of one direction of a connection, newest entry first. RFC 7541, section 2.3.2. */
export class DynamicTable {
  #names: (string | undefined)[] = emptySlots();
  #values: (string | undefined)[] = emptySlots();
  #marks: number[] = Array.from({ length: 16 }, () => 0);
  /** Where the next entry goes; positions wrap around the arrays, whose length is a power of two. */
  #next = 0;
  #length = 0;
  #size = 0;
  #maxSize: number;

  /** @param maxSize in octets, as `fieldSize` counts. */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  get length(): number {
    return this.#length;
  }

  get size(): number {
    return this.#size;
  }

  get maxSize(): number {
    return this.#maxSize;
  }

  /** @param index 0 is the newest entry; it must exist. */
  name(index: number): string {
    return this.#names[(this.#next - 1 - index) & (this.#names.length - 1)]!;
  }

  value(index: number): string {
    return this.#values[(this.#next - 1 - index) & (this.#names.length - 1)]!;
  }

  /** What the owner of the table keeps with an entry. */
  mark(index: number): number {
    return this.#marks[(this.#next - 1 - index) & (this.#names.length - 1)]!;
  }

  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  /** Evicts what is in the way; an entry larger than the table empties it, which is no error. */
  add(name: string, value: string, mark: number): void {
    const size = fieldSize(name, value);
    this.#evict(this.#maxSize - size);
    if (size > this.#maxSize) return;
    if (this.#length === this.#names.length) this.#grow();
    this.#names[this.#next] = name;
    this.#values[this.#next] = value;
    this.#marks[this.#next] = mark;
    this.#next = (this.#next + 1) & (this.#names.length - 1);
    this.#length++;
    this.#size += size;
  }

  #evict(maxSize: number): void {
    while (this.#length > 0 && this.#size > maxSize) {
      const oldest = (this.#next - this.#length) & (this.#names.length - 1);
      this.#size -= fieldSize(this.#names[oldest]!, this.#values[oldest]!);
      this.#names[oldest] = this.#values[oldest] = undefined;
      this.#length--;
    }
  }

  #grow(): void {
    const length = this.#names.length;
    const ordered = (from: readonly (string | undefined)[]): (string | undefined)[] => {
      const to = [...from.slice(this.#next), ...from.slice(0, this.#next)];
      to.length = length * 2;
      return to;
    };
    const marks = [...this.#marks.slice(this.#next), ...this.#marks.slice(0, this.#next)];
    this.#marks = [...marks, ...marks];
    this.#names = ordered(this.#names);
    this.#values = ordered(this.#values);
    this.#next = length;
  }
}
