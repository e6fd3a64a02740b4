import { KNOWN_NAMES, type Known } from '../../message/http-fields.ts';
import type { RequestHead } from '../../message/http-head.ts';

export interface RequestParts {
  readonly method?: string;
  readonly scheme?: string;
  readonly authority?: string;
  readonly path?: string;
  readonly protocol?: string;
  readonly fields?: readonly (readonly [name: string, value: string])[];
}

/** A request's head as codecs give it, out of plain values. */
export function request(parts: RequestParts): RequestHead {
  const { method = 'GET', scheme = 'http', authority = 'a.test', path = '/', protocol = '', fields = [] } = parts;
  const knownAt = (field: number): Known => Math.max(0, KNOWN_NAMES.indexOf(fields[field]![0].toLowerCase())) as Known;
  return {
    method,
    scheme,
    authority,
    path,
    protocol,
    count: fields.length,
    knownAt,
    name: (field) => fields[field]![0],
    value: (field) => fields[field]![1],
    has: (known) => fields.some((_, field) => knownAt(field) === known),
    get: (known) => fields.find((_, field) => knownAt(field) === known)?.[1],
  };
}
