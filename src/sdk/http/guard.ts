import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback, isWildcard } from '../../config/address.ts';

/**
 * A page in a browser on this machine can reach a local server too, directly or by a name that
 * it has pointed at 127.0.0.1 (DNS rebinding). Browsers give themselves away by Origin or
 * Sec-Fetch-Site, and by the Host that they believe to talk to.
 */

/** Why a request to a server for programs alone is refused, or undefined. */
export function refusalOfPages(headers: IncomingHttpHeaders, boundHost: string): string | undefined {
  if (headers.origin !== undefined) return 'requests with an Origin header are refused: web pages may not use this API';
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'none') return 'requests of web pages are refused';
  return refusalOfHost(headers.host ?? '', boundHost);
}

/**
 * Why a request to a server that has pages of its own is refused, or undefined. Its own pages may
 * do all; a link elsewhere may lead to it, for such a page cannot read what it leads to.
 */
export function refusalOfOtherSites(
  method: string,
  headers: IncomingHttpHeaders,
  boundHost: string,
): string | undefined {
  const host = headers.host ?? '';
  const refusal = refusalOfHost(host, boundHost);
  if (refusal !== undefined) return refusal;
  if (headers.origin !== undefined && headers.origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return 'requests of other web pages are refused: their Origin is not this server';
  }
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'none' || site === 'same-origin') return undefined;
  const followsLink = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return method === 'GET' && followsLink ? undefined : 'requests of other web pages are refused';
}

function refusalOfHost(header: string, boundHost: string): string | undefined {
  const host = hostName(header);
  if (host === boundHost || isLoopback(host)) return undefined;
  // One that listens everywhere is called by whatever address leads to it; rebinding needs a name.
  const everywhere = isWildcard(boundHost);
  if (everywhere && isIP(host) !== 0) return undefined;
  const names = everywhere ? '127.0.0.1, localhost or an IP address' : '127.0.0.1 or localhost';
  return `this server answers to ${names}, not to the host ${JSON.stringify(host.slice(0, 100))}`;
}

function hostName(host: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host.toLowerCase());
  return match?.[1] ?? match?.[2] ?? '';
}
