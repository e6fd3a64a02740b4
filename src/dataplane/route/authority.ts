/** Parts of `host`, `host:port`, `[v6]` or `[v6]:port` (RFC 3986 section 3.2). */

const COLON = 0x3a;
const BRACKET = 0x5d;
const DOT = 0x2e;

/** Where the host ends: before the port, if there is one. The colons of an address in brackets are none of a port. */
function hostEnd(authority: string): number {
  for (let at = authority.length - 1; at >= 0; at--) {
    const code = authority.charCodeAt(at);
    if (code === COLON) return at;
    if (code === BRACKET || code === DOT) return authority.length;
  }
  return authority.length;
}

/** The host in lower case, without its port. The same string when that is how it came. */
export function hostOf(authority: string): string {
  const end = hostEnd(authority);
  const host = end === authority.length ? authority : authority.slice(0, end);
  for (let at = 0; at < host.length; at++) {
    const code = host.charCodeAt(at);
    if (code >= 0x41 && code <= 0x5a) return host.toLowerCase();
  }
  return host;
}

/** The port with its colon, or ''. */
export function portOf(authority: string): string {
  const port = authority.slice(hostEnd(authority));
  return port === ':' ? '' : port;
}
