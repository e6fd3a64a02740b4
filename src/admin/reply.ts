import type { HttpReply } from '../sdk/http/http-server.ts';

/** What an endpoint is asked. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST';
  readonly query: URLSearchParams;
  /** Whether a person's browser asks, which is led back to the page rather than shown a text. */
  readonly browser: boolean;
}

/** Pages of others neither frame these answers nor load them as a part of theirs. */
const SAFE = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** A text for people and probes; the line end is added. */
export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): HttpReply {
  return {
    status,
    headers: { ...SAFE, 'content-type': 'text/plain; charset=utf-8', ...headers },
    body: `${body.trimEnd()}\n`,
  };
}

export function json(value: unknown): HttpReply {
  const headers = { ...SAFE, 'content-type': 'application/json; charset=utf-8' };
  return { status: 200, headers, body: `${JSON.stringify(value, undefined, 2)}\n` };
}

export function seeOther(location: string): HttpReply {
  return { ...text(303, `see ${location}`), headers: { ...SAFE, location } };
}
