import type { Known } from '../../message/http-fields.ts';
import type { RequestHead, ResponseHead } from '../../message/http-head.ts';
import { Mark } from './field-mark.ts';

const NO_FIELDS: readonly string[] = [];
const NO_MARKS: readonly number[] = [];

/** The head of a request or a response, as HTTP/2 carries it. RFC 9113, section 8.3. Nobody writes it once it is read. */
export class Http2Head implements RequestHead, ResponseHead {
  method = '';
  scheme = '';
  /** `:authority`, or what `host` says where that is absent. */
  authority = '';
  path = '';
  /** Of an extended CONNECT (RFC 8441), in lower case. */
  protocol = '';
  status = 0;
  readonly reason = '';
  /** What `content-length` says; -1 when it is not there. */
  contentLength = -1;
  /** All other fields, names and values by turns; one character is one octet. */
  fields: readonly string[] = NO_FIELDS;
  /** The mark of each field, as in field-mark.ts. */
  marks: readonly number[] = NO_MARKS;

  get count(): number {
    return this.marks.length;
  }

  knownAt(field: number): Known {
    return (this.marks[field]! & Mark.number) as Known;
  }

  name(field: number): string {
    return this.fields[2 * field]!;
  }

  value(field: number): string {
    return this.fields[2 * field + 1]!;
  }

  has(known: Known): boolean {
    return this.#find(known) >= 0;
  }

  get(known: Known): string | undefined {
    const field = this.#find(known);
    return field < 0 ? undefined : this.fields[2 * field + 1];
  }

  #find(known: Known): number {
    const { marks } = this;
    for (let field = 0; field < marks.length; field++) {
      if ((marks[field]! & Mark.number) === known) return field;
    }
    return -1;
  }
}
