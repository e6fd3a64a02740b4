import { Known } from '../message/http-fields.ts';
import type { RequestHead } from '../message/http-head.ts';
import { fieldValue, knownOf } from './field-value.ts';
import { queryValue } from './query-value.ts';

/** Where requests say something by which they are told apart; one of these is there. */
export interface ValueSource {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  /** The caller's address, without its port. */
  readonly source?: true;
}

/** What a request says; undefined when it says nothing there. `peer` is the other end of the caller's connection, `host:port`. */
export type RequestValue = (head: RequestHead, peer: string) => string | undefined;

export function requestValue({ header, cookie, query, source }: ValueSource): RequestValue {
  if (header !== undefined) return ofHeader(header);
  if (cookie !== undefined) return (head) => cookieValue(head, cookie);
  if (query !== undefined) return ({ path }) => queryOf(path, query);
  if (source === true) return (_head, peer) => hostOfPeer(peer);
  return () => undefined;
}

/** Connections of one caller differ in their ports. */
export function hostOfPeer(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(':'));
}

function ofHeader(name: string): RequestValue {
  const lower = name.toLowerCase();
  const known = knownOf(lower);
  return (head) => fieldValue(head, known, lower);
}

function queryOf(path: string, name: string): string | undefined {
  const at = path.indexOf('?');
  return at < 0 ? undefined : queryValue(path, at, name);
}

/** RFC 6265, section 4.2.1. */
function cookieValue(head: RequestHead, name: string): string | undefined {
  for (const pair of (fieldValue(head, Known.other, 'cookie') ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
