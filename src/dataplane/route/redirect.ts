import type { RequestHead } from '../message/http-head.ts';
import { hostOf, portOf } from './authority.ts';
import { compilePathChange } from './path-change.ts';
import type { RedirectSpec } from './route-spec.ts';

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: ':80', https: ':443' };

/**
 * Where a redirect leads. A port goes with its scheme and host: when one of these is another, it is
 * the one that the redirect names, or the scheme's own.
 *
 * @param matched the prefix that paths have which come here
 */
export function redirectTo(spec: RedirectSpec, matched: string): (head: RequestHead) => string {
  const { scheme: newScheme, host: newHost, port: newPort } = spec;
  const change = compilePathChange(spec, matched, noRegex);
  return (head) => {
    const { authority, path: asked } = head;
    // OPTIONS may ask for * instead of a path.
    const from = asked.startsWith('/') ? asked : '/';
    const path = change === undefined ? from : change(from);
    const host = newHost ?? hostOf(authority);
    // Without a host only this one can be meant; what begins with // would name another.
    if (host === '') return path.startsWith('//') ? `/.${path}` : path;
    const scheme = newScheme ?? head.scheme;
    const port = portText(newPort, newScheme === undefined && newHost === undefined ? portOf(authority) : '');
    return `${scheme}://${host}${port === DEFAULT_PORTS[scheme] ? '' : port}${path}`;
  };
}

function portText(port: number | undefined, otherwise: string): string {
  return port === undefined ? otherwise : `:${port}`;
}

function noRegex(): never {
  throw new Error('a redirect has no regular expression');
}
