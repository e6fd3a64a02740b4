import { hash32 } from '../../core/hash.ts';
import type { HashSource } from '../cluster/policy.ts';
import type { FrameView } from '../message/frame.ts';
import { Known } from '../message/http-fields.ts';
import type { RequestHead } from '../message/http-head.ts';
import { fieldValue, knownOf } from '../route/field-value.ts';
import { queryValue } from '../route/query-value.ts';

/** A source as it is asked, request by request: what it says, or undefined when it is not there. */
interface Source {
  http(head: RequestHead, peer: string): string | undefined;
  frame(frame: FrameView, peer: string): string | undefined;
}

/** Finds what requests of one cluster are balanced by: the first of its sources that a request has. */
export class HashKeys {
  readonly #sources: readonly Source[];
  readonly #bySource: boolean;

  constructor(sources: readonly HashSource[]) {
    this.#sources = sources.map(compile);
    this.#bySource = sources.some(({ source }) => source === true);
  }

  /** @param peer the other end of the caller's connection, `host:port`. */
  ofHttp(head: RequestHead, peer: string): number | undefined {
    for (const source of this.#sources) {
      const key = source.http(head, peer);
      if (key !== undefined) return hash32(key);
    }
    return undefined;
  }

  /** @throws WeftError `malformed_frame` when its headers cannot be read. */
  ofFrame(frame: FrameView, peer: string): number | undefined {
    for (const source of this.#sources) {
      const key = source.frame(frame, peer);
      if (key !== undefined) return hash32(key);
    }
    return undefined;
  }

  /** Of a connection of which nothing is known but where it comes from. */
  ofPeer(peer: string): number | undefined {
    return this.#bySource ? hash32(host(peer)) : undefined;
  }
}

const NEVER = (): undefined => undefined;

function compile({ header, cookie, query, source }: HashSource): Source {
  if (header !== undefined) return ofHeader(header);
  if (cookie !== undefined) return { http: (head) => cookieValue(head, cookie), frame: NEVER };
  if (query !== undefined) return { http: ({ path }) => queryOf(path, query), frame: NEVER };
  if (source === true) return { http: (_head, peer) => host(peer), frame: (_frame, peer) => host(peer) };
  return { http: NEVER, frame: NEVER };
}

/** Names of fields are the same in any case, those of Bolt headers are not. */
function ofHeader(name: string): Source {
  const lower = name.toLowerCase();
  const known = knownOf(lower);
  const key = Buffer.from(name);
  return { http: (head) => fieldValue(head, known, lower), frame: (frame) => frame.header(key) };
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

/** Connections of one caller differ in their ports. */
function host(peer: string): string {
  return peer.slice(0, peer.lastIndexOf(':'));
}
