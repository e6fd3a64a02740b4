import type { Known } from './http-fields.ts';

/** The fields of one message, in the order in which they came. */
export interface FieldList {
  readonly count: number;
  /** The number of its name among the known ones. */
  knownAt(field: number): Known;
  /** As it came: in HTTP/1 in any case, in HTTP/2 in lower case. One character is one octet, also in values. */
  name(field: number): string;
  value(field: number): string;
  has(known: Known): boolean;
  /** The value of the first field of this name; undefined when there is none. */
  get(known: Known): string | undefined;
}

/** The head of a request, whatever it came in. Valid until the callback that it was passed to returns. */
export interface RequestHead extends FieldList {
  /** Methods differ by case. */
  readonly method: string;
  readonly scheme: string;
  /** Host and, when it is said, port; '' when the request names none. */
  readonly authority: string;
  /** From its `/` on, with the query; `*` of OPTIONS; '' of CONNECT. */
  readonly path: string;
  /** What the caller wants to speak from here on (`websocket`), in lower case; '' when it stays HTTP. */
  readonly protocol: string;
}

/** Whether it asks for a tunnel, or to go on in another protocol: no content comes before the endpoint has agreed. */
export function asksToOpen(head: RequestHead): boolean {
  return head.protocol !== '' || head.method === 'CONNECT';
}

/** About what it takes to keep the head. */
export function octetsOf(head: RequestHead): number {
  let octets = head.method.length + head.authority.length + head.path.length;
  for (let field = 0; field < head.count; field++) octets += head.name(field).length + head.value(field).length;
  return octets;
}

/** The head of a response. Valid until the callback that it was passed to returns. */
export interface ResponseHead extends FieldList {
  /** 100 to 999. */
  readonly status: number;
  /** HTTP/1 only; '' otherwise. */
  readonly reason: string;
}

/** What is changed of a head that is passed on. */
export interface HeadEdits {
  /** A mark (1) for each number of a known name whose fields are left out. */
  readonly without: Uint8Array;
  /** Names in lower case whose fields are left out as well. */
  readonly withoutNames: ReadonlySet<string> | undefined;
  /** Names in lower case and values by turns, put behind the others. */
  readonly added: readonly string[];
}
