/** A power of two. */
const SLOTS = 16;
/** Octets of a literal that is remembered, as it came. */
const MAX_LENGTH = 48;

/**
 * Literals that were read lately, found by their octets as they came: names that are sent out of the
 * tables again and again, and paths. Each slot holds the last one that fell into it, so that whoever
 * sends others each time costs little and takes no memory.
 */
export class LiteralCache {
  readonly #octets = new Uint8Array(SLOTS * MAX_LENGTH);
  readonly #lengths = new Uint8Array(SLOTS);
  /** What the literal was read as. */
  readonly #kinds = new Uint16Array(SLOTS);
  readonly #marks = new Uint16Array(SLOTS);
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => '');

  /** The slot in which `bytes[start, end)` has been kept as a literal of this kind; -1 when it has not. */
  find(bytes: Uint8Array, start: number, end: number, kind: number): number {
    const length = end - start;
    const octets = this.#octets;
    if (length === 0 || length > MAX_LENGTH) return -1;
    const slot = slotOf(bytes, start, end);
    if (this.#lengths[slot] !== length || this.#kinds[slot] !== kind) return -1;
    // What differs does so at the end, as a rule.
    const from = slot * MAX_LENGTH - start;
    for (let i = end - 1; i >= start; i--) if (octets[from + i] !== bytes[i]) return -1;
    return slot;
  }

  text(slot: number): string {
    return this.#texts[slot]!;
  }

  /** As it was kept with the text: 16 bits. */
  mark(slot: number): number {
    return this.#marks[slot]!;
  }

  keep(bytes: Uint8Array, start: number, end: number, kind: number, text: string, mark: number): void {
    const length = end - start;
    if (length === 0 || length > MAX_LENGTH) return;
    const slot = slotOf(bytes, start, end);
    const octets = this.#octets;
    const from = slot * MAX_LENGTH - start;
    for (let i = start; i < end; i++) octets[from + i] = bytes[i]!;
    this.#lengths[slot] = length;
    this.#kinds[slot] = kind;
    this.#marks[slot] = mark;
    this.#texts[slot] = text;
  }
}

function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const middle = (start + end) >>> 1;
  return (
    ((end - start) * 7 + bytes[start]! * 3 + bytes[middle]! * 5 + bytes[end - 1]! + (bytes[end - 1]! >>> 4)) &
    (SLOTS - 1)
  );
}
