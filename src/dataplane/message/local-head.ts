import { KNOWN_NAMES, Known, marksOf } from './http-fields.ts';
import type { HeadEdits, ResponseHead } from './http-head.ts';

/** The head of a response that this proxy makes itself. */
export class LocalHead implements ResponseHead {
  readonly status: number;
  readonly reason = '';
  readonly #fields: readonly string[];

  /** @param fields names in lower case and values by turns. */
  constructor(status: number, fields: readonly string[]) {
    this.status = status;
    this.#fields = fields;
  }

  get count(): number {
    return this.#fields.length / 2;
  }

  knownAt(field: number): Known {
    const known = KNOWN_NAMES.indexOf(this.name(field));
    return known < 0 ? Known.other : (known as Known);
  }

  name(field: number): string {
    return this.#fields[2 * field]!;
  }

  value(field: number): string {
    return this.#fields[2 * field + 1]!;
  }

  has(known: Known): boolean {
    return this.get(known) !== undefined;
  }

  get(known: Known): string | undefined {
    const name = KNOWN_NAMES[known]!;
    for (let i = 0; i < this.#fields.length; i += 2) if (this.#fields[i] === name) return this.#fields[i + 1];
    return undefined;
  }
}

export const NO_EDITS: HeadEdits = {
  without: marksOf(),
  withoutNames: undefined,
  added: [],
};
