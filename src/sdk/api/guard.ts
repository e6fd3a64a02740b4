import type { IncomingHttpHeaders } from 'node:http';
import { isIPv4 } from 'node:net';

/**
 * Why a request is refused, or undefined. A page in a browser on this machine can reach the API
 * too, directly or by a name that it has pointed at 127.0.0.1 (DNS rebinding). Browsers give
 * themselves away by Origin or Sec-Fetch-Site, and by the Host that they believe to talk to.
 */
export function refusalOf(headers: IncomingHttpHeaders, boundHost: string): string | undefined {
  if (headers.origin !== undefined) return 'requests with an Origin header are refused: web pages may not use this API';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'none') return 'requests of web pages are refused';
  const host = hostName(headers.host ?? '');
  if (host === boundHost || isLoopback(host)) return undefined;
  return `this API answers to 127.0.0.1 or localhost, not to the host ${JSON.stringify(host.slice(0, 100))}`;
}

function hostName(host: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host.toLowerCase());
  return match?.[1] ?? match?.[2] ?? '';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
