import { Known } from '../../message/http-fields.ts';

/** Numbers kept of each field: where its name and its value begin and end. */
const STRIDE = 4;

/**
 * The head of one HTTP/1 message, read in place. The object is used again for the next message of
 * its connection: positions are in `bytes` and valid only until the parser goes on.
 */
export class Http1Head {
  bytes: Buffer = Buffer.alloc(0);
  /** Where it begins in `bytes`; its parts are counted from there while they are read. */
  base = 0;
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
  readonly first = new Int16Array(Object.keys(Known).length).fill(-1);
  #positions = new Int32Array(32 * STRIDE);
  #known = new Uint8Array(32);

  reset(): void {
    this.count = 0;
    this.status = 0;
    this.first.fill(-1);
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

  /** The value of the first field of this name; undefined when there is none. */
  get(known: Known): string | undefined {
    const field = this.first[known]!;
    return field < 0 ? undefined : this.value(field);
  }

  get method(): string {
    return this.#text(this.methodStart, this.methodEnd);
  }

  get target(): string {
    return this.#text(this.targetStart, this.targetEnd);
  }

  get reason(): string {
    return this.#text(this.reasonStart, this.reasonEnd);
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
