import { isIPv4, isIPv6 } from 'node:net';
import { accept, refuse, show, type Parsed } from './value.ts';

/** Where to listen or to connect. An IPv6 host stands without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const MAX_HOST_LENGTH = 253;
const HOST_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*\.?$/i;
const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

/** Reads an address to listen at; port 0 lets the system choose one. */
export function parseListenAddress(value: unknown): Parsed<HostPort> {
  return parse(value, 0, '127.0.0.1:12220');
}

/** Reads an address to connect to: its port is 1 to 65535 and its host is one host. */
export function parseAddress(value: unknown): Parsed<HostPort> {
  const parsed = parse(value, 1, '10.0.0.7:12200');
  if (!parsed.ok || !isWildcard(parsed.value.host)) return parsed;
  return refuse(
    `${show(value)} is where to listen, not where to connect`,
    `write the address of one host: 127.0.0.1:${parsed.value.port} for this machine`,
  );
}

/** Reads `h1:2181,h2:2181`. */
export function parseAddressList(value: unknown): Parsed<readonly HostPort[]> {
  if (typeof value !== 'string') return refuse(`expected addresses such as h1:2181,h2:2181, found ${show(value)}`);
  const list: HostPort[] = [];
  for (const part of value.split(',')) {
    const parsed = parseAddress(part.trim());
    if (!parsed.ok) return parsed;
    list.push(parsed.value);
  }
  return accept(list);
}

/** Reads an IPv4 or IPv6 address without a port. */
export function parseIp(value: unknown): Parsed<string> {
  if (typeof value === 'string' && (isIPv4(value) || isIPv6(value)) && !isWildcard(value)) return accept(value);
  return refuse(`expected an IP address such as 10.0.0.7, found ${show(value)}`, 'write it without a port');
}

/** `host:port`, or `[host]:port` for IPv6. */
export function formatAddress(address: HostPort): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Whether a listener at this host hears all interfaces. */
export function isWildcard(host: string): boolean {
  return WILDCARDS.includes(host);
}

/** Whether only this machine can connect to what listens at `host`. */
export function isLoopback(host: string): boolean {
  const one = canonical(host);
  return one === 'localhost' || one === '::1' || (isIPv4(one) && one.startsWith('127.')) || /^::ffff:7f..:/.test(one);
}

/** Whether both name one host, as far as can be told without asking anybody. */
export function sameHost(a: string, b: string): boolean {
  return namesOf(a).some((name) => namesOf(b).includes(name));
}

function namesOf(host: string): readonly string[] {
  const name = canonical(host);
  return name === 'localhost' ? [name, '127.0.0.1', '::1'] : [name];
}

/** One spelling for all that mean the same. */
function canonical(host: string): string {
  // The URL parser writes all spellings of one IPv6 address alike; it refuses those with a zone.
  const url = isIPv6(host) ? URL.parse(`http://[${host}]`) : null;
  return url === null ? host.toLowerCase() : url.hostname.slice(1, -1);
}

/** Whether binding both would clash, as far as can be told without asking the system. */
export function overlap(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.port === 0) return false;
  return sameHost(a.host, b.host) || isWildcard(a.host) || isWildcard(b.host);
}

function parse(value: unknown, minPort: number, example: string): Parsed<HostPort> {
  if (typeof value === 'number') {
    return refuse(`expected host:port such as ${example}, found ${show(value)}`, `write 127.0.0.1:${value}`);
  }
  if (typeof value !== 'string') return refuse(`expected host:port such as ${example}, found ${show(value)}`);
  // What stands before an @ may be a password.
  if (value.includes('@')) return refuse(`expected host:port such as ${example}, found a text with an @ in it`);
  const split = splitPort(value);
  if (split === undefined) {
    return refuse(`expected host:port such as ${example}, found ${show(value)}`, shapeHint(value));
  }
  if (split.host === '') {
    const hint = `write 127.0.0.1:${split.port} for this machine alone, 0.0.0.0:${split.port} for all interfaces`;
    return refuse(
      `${show(value)} names no host`,
      minPort === 0 ? hint : `write 127.0.0.1:${split.port} for this machine`,
    );
  }
  if (!validHost(split.host, split.bracketed)) return refuse(`${show(value)} has no valid host name or IP address`);
  const port = Number(split.port);
  if (port < minPort || port > 65535) {
    return refuse(`port ${split.port} in ${show(value)} is out of range`, `write a port from ${minPort} to 65535`);
  }
  return accept({ host: split.host, port });
}

function splitPort(text: string): { host: string; port: string; bracketed: boolean } | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,6})$/.exec(text);
  if (match === null) return undefined;
  return { host: match[1] ?? match[2] ?? '', port: match[3] ?? '', bracketed: match[1] !== undefined };
}

function validHost(host: string, bracketed: boolean): boolean {
  if (bracketed) return isIPv6(host);
  return isIPv4(host) || (host.length <= MAX_HOST_LENGTH && HOST_NAME.test(host));
}

function shapeHint(text: string): string | undefined {
  if (isIPv6(text)) return `write [${text}]:PORT`;
  const last = text.lastIndexOf(':');
  if (last > 0 && isIPv6(text.slice(0, last))) return `write [${text.slice(0, last)}]${text.slice(last)}`;
  if (/^[a-z]+:\/\//i.test(text)) return 'leave out the scheme and the path: host:port alone';
  return validHost(text, false) ? `a port is missing: write ${text}:PORT` : undefined;
}
