import type { Known } from './http-fields.ts';
import type { RequestHead } from './http-head.ts';

/** A request's head that stays as it was, whatever becomes of the one that it was made of. */
export class CopiedHead implements RequestHead {
  readonly method: string;
  readonly scheme: string;
  readonly authority: string;
  readonly path: string;
  readonly protocol: string;
  readonly count: number;
  readonly #known: readonly Known[];
  readonly #names: readonly string[];
  readonly #values: readonly string[];

  constructor(head: RequestHead) {
    this.method = head.method;
    this.scheme = head.scheme;
    this.authority = head.authority;
    this.path = head.path;
    this.protocol = head.protocol;
    this.count = head.count;
    const fields = Array.from({ length: head.count }, (_, field) => field);
    this.#known = fields.map((field) => head.knownAt(field));
    this.#names = fields.map((field) => head.name(field));
    this.#values = fields.map((field) => head.value(field));
  }

  knownAt(field: number): Known {
    return this.#known[field]!;
  }

  name(field: number): string {
    return this.#names[field]!;
  }

  value(field: number): string {
    return this.#values[field]!;
  }

  has(known: Known): boolean {
    return this.#known.includes(known);
  }

  get(known: Known): string | undefined {
    const field = this.#known.indexOf(known);
    return field < 0 ? undefined : this.#values[field];
  }
}
