import { hash32 } from '../../core/hash.ts';
import type { HashSource } from '../cluster/policy.ts';
import type { FrameView } from '../message/frame.ts';
import type { RequestHead } from '../message/http-head.ts';
import { hostOfPeer, requestValue, type RequestValue } from '../route/request-value.ts';

/** A source as it is asked, request by request: what it says, or undefined when it is not there. */
interface Source {
  readonly http: RequestValue;
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
    return this.#bySource ? hash32(hostOfPeer(peer)) : undefined;
  }
}

const NEVER = (): undefined => undefined;

function compile(spec: HashSource): Source {
  const http = requestValue(spec);
  if (spec.header !== undefined) {
    // Names of fields are the same in any case, those of Bolt headers are not.
    const key = Buffer.from(spec.header);
    return { http, frame: (frame) => frame.header(key) };
  }
  return { http, frame: spec.source === true ? (_frame, peer) => hostOfPeer(peer) : NEVER };
}
