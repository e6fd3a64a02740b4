import { isIPv4, isIPv6 } from 'node:net';
import { leaf, type Leaf } from './leaf.ts';
import { recordOf } from './record-leaf.ts';
import { accept, alternatives, refuse, show, type Parsed } from './value.ts';

/** The values of HTTP sections: names, hosts, paths, header fields. */

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TOKEN_PATTERN = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
const MAX_NAME = 256;
const MAX_VALUE = 8192;
const MAX_REGEX = 1024;
const MAX_BODY = 65_536;

/** A header field's name, in any case; as output in lower case. */
export function fieldName(description: string, example: string): Leaf<string> {
  const facts = { title: 'name', type: 'string', pattern: TOKEN_PATTERN, maxLength: MAX_NAME, examples: [example] };
  return leaf(description, facts, (value) => parseFieldName(value, example));
}

function parseFieldName(value: unknown, example: string): Parsed<string> {
  if (typeof value === 'string' && value.length <= MAX_NAME && TOKEN.test(value)) return accept(value.toLowerCase());
  return refuse(
    `expected the name of a header field such as ${example}, found ${show(value)}`,
    'letters, digits and - make a name',
  );
}

/** A header field's value. Characters beyond ASCII are sent as UTF-8. */
function parseFieldValue(value: unknown): Parsed<string> {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return refuse(`expected a text, found ${show(value)}`, `put it in quotes: '${value}'`);
  }
  if (typeof value !== 'string') return refuse(`expected a text, found ${show(value)}`);
  if (value.length > MAX_VALUE) return refuse(`the text is longer than ${MAX_VALUE} characters`);
  if (/[^\P{Cc}\t]/u.test(value)) return refuse('the text holds control characters', 'write it in one line');
  if (value.trim() !== value) return refuse('the text begins or ends with a space', 'a field carries none there');
  if (!value.isWellFormed()) return refuse('the text holds half of a character');
  return accept(value);
}

/** Fields that belong to one connection, or say where a message ends or goes: whoever passes it on makes them. */
const NOT_FOR_EDITS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function parseEditedName(value: unknown): Parsed<string> {
  const name = parseFieldName(value, 'x-user');
  if (!name.ok || !NOT_FOR_EDITS.has(name.value)) return name;
  const hint = name.value === 'host' ? 'write rewrite: { host: … }' : 'remove it; the proxy writes it as needed';
  return refuse(`${name.value} is not for a route to change`, hint);
}

/** The name of a header field that a route may change. */
export function editedName(description: string): Leaf<string> {
  const facts = { title: 'name', type: 'string', pattern: TOKEN_PATTERN, maxLength: MAX_NAME, examples: ['x-user'] };
  return leaf(description, facts, parseEditedName);
}

/** Header fields that a route may set: values by names, which as output are in lower case. */
export function editedFields(description: string): Leaf<Readonly<Record<string, string>>> {
  const values = { type: 'string', maxLength: MAX_VALUE };
  return recordOf(description, { title: 'fields', values, example: '{ x-user: anna }' }, (key, entry) => {
    const name = parseEditedName(key);
    if (!name.ok) return name;
    const value = parseFieldValue(entry);
    return value.ok ? accept([name.value, value.value]) : value;
  });
}

const HOST_LABELS = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;
const MAX_HOST = 253;

function parseHost(value: unknown, wildcard: boolean): Parsed<string> {
  const expected = `expected a host such as api.example.com${wildcard ? ' or *.example.com' : ''}`;
  if (typeof value !== 'string') return refuse(`${expected}, found ${show(value)}`);
  const host = value.toLowerCase();
  const name = wildcard && host.startsWith('*.') ? host.slice(2) : host;
  const literal = /^\[(.*)\]$/.exec(host)?.[1];
  if (isIPv4(host) || (literal !== undefined && isIPv6(literal))) return accept(host);
  if (name.length <= MAX_HOST && HOST_LABELS.test(name) && !(isIPv4(name) && name !== host)) return accept(host);
  if (isIPv6(host)) return refuse(`${expected}, found ${show(value)}`, `write [${host}]`);
  if (/:\d*$/.test(host)) return refuse(`${show(value)} names a port`, `write ${value.replace(/:\d*$/, '')}`);
  if (host === '*') return refuse(`${expected}, found '*'`, 'for every host, leave hosts out');
  return refuse(`${expected}, found ${show(value)}`);
}

/** A host of requests, in lower case: a name, a `*.` before one, or an IP address, IPv6 in brackets. */
export function hostPattern(description: string): Leaf<string> {
  const facts = { title: 'host', type: 'string', examples: ['api.example.com', '*.example.com'] };
  return leaf(description, facts, (value) => parseHost(value, true));
}

/** One host, without a port. */
export function hostName(description: string): Leaf<string> {
  return leaf(description, { title: 'host', type: 'string', examples: ['www.example.com'] }, (value) =>
    parseHost(value, false),
  );
}

/** A host with or without a port, as it stands in a request. */
export function authority(description: string): Leaf<string> {
  const facts = { title: 'host', type: 'string', examples: ['shop.internal', 'shop.internal:8080'] };
  return leaf(description, facts, (value) => {
    const port = typeof value === 'string' ? /:(\d{1,5})$/.exec(value) : null;
    if (port === null || typeof value !== 'string') return parseHost(value, false);
    const host = parseHost(value.slice(0, port.index), false);
    if (!host.ok) return host;
    const number = Number(port[1]);
    if (number >= 1 && number <= 65535) return accept(`${host.value}:${number}`);
    return refuse(`port ${port[1]} is out of range`, 'write a port from 1 to 65535');
  });
}

const PATH_PATTERN = '^/[!-~]*$';

function parsePath(value: unknown): Parsed<string> {
  if (typeof value === 'string' && value.startsWith('/') && value.includes('?'))
    return refuse(`${show(value)} holds a query`, 'a path ends before the ?; see match.query');
  return parseTarget(value, '/api');
}

function parseTarget(value: unknown, example: string): Parsed<string> {
  if (typeof value !== 'string' || !value.startsWith('/')) {
    const hint = typeof value === 'string' && value !== '' ? 'begin it with /' : undefined;
    return refuse(`expected a path such as ${example}, found ${show(value)}`, hint);
  }
  if (value.includes('#')) return refuse(`${show(value)} holds a #`, 'write %23');
  if (!value.isWellFormed()) return refuse('the text holds half of a character');
  if (!/^[!-~]+$/.test(value)) return refuse(`${show(value)} is not as in a request`, `write ${encodeURI(value)}`);
  return value.length > MAX_VALUE ? refuse(`the text is longer than ${MAX_VALUE} characters`) : accept(value);
}

/** The path of a request, without its query. */
export function urlPath(description: string, example = '/api'): Leaf<string> {
  const facts = { title: 'path', type: 'string', pattern: PATH_PATTERN, examples: [example] };
  return leaf(description, facts, parsePath);
}

/** What a request asks for: a path, and perhaps a query. */
export function requestTarget(description: string, example: string): Leaf<string> {
  const facts = { title: 'path', type: 'string', pattern: PATH_PATTERN, examples: [example] };
  return leaf(description, facts, (value) => parseTarget(value, example));
}

/** What takes the place of matches in a path: text, with `$1` or `$<name>` for a group. */
export function replacement(description: string): Leaf<string> {
  const facts = { title: 'text', type: 'string', pattern: '^[!-~]*$', examples: ['/shop/$1'] };
  return leaf(description, facts, (value) => {
    if (typeof value !== 'string') return refuse(`expected a text such as /shop/$1, found ${show(value)}`);
    if (/[?#]/.test(value)) return refuse(`${show(value)} holds ? or #`, 'only the path is rewritten, never the query');
    return /^[!-~]*$/.test(value) ? accept(value) : refuse(`${show(value)} cannot stand in a path`, 'encode it: %20');
  });
}

/** RE2 syntax; that it compiles is checked in route-check.ts. */
export function regex(description: string, example: string): Leaf<string> {
  const facts = { title: 'regex', type: 'string', minLength: 1, maxLength: MAX_REGEX, examples: [example] };
  return leaf(description, facts, (value) => {
    if (typeof value !== 'string' || value === '') {
      return refuse(`expected a regular expression such as ${example}, found ${show(value)}`);
    }
    return value.length > MAX_REGEX ? refuse(`the text is longer than ${MAX_REGEX} characters`) : accept(value);
  });
}

/** Text that a header or query value is compared with. */
export function compared(description: string): Leaf<string> {
  const facts = { title: 'text', type: 'string', maxLength: MAX_VALUE, examples: ['beta'] };
  return leaf(description, facts, parseFieldValue);
}

/** The name of a query parameter, as it reads when decoded. */
export function parameterName(description: string): Leaf<string> {
  const facts = { title: 'text', type: 'string', minLength: 1, maxLength: MAX_NAME, examples: ['version'] };
  return leaf(description, facts, (value) => {
    if (typeof value !== 'string' || value === '')
      return refuse(`expected a name such as version, found ${show(value)}`);
    return value.length > MAX_NAME ? refuse(`the text is longer than ${MAX_NAME} characters`) : parseFieldValue(value);
  });
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

export function method(description: string): Leaf<string> {
  const facts = { title: 'method', type: 'string', pattern: TOKEN_PATTERN, examples: ['GET'] };
  return leaf(description, facts, (value) => {
    if (typeof value !== 'string' || !TOKEN.test(value))
      return refuse(`expected a method such as GET, found ${show(value)}`);
    const upper = value.toUpperCase();
    if (upper !== value && METHODS.includes(upper)) return refuse(`methods differ by case`, `write ${upper}`);
    return accept(value);
  });
}

/** A name of the field Upgrade, in lower case. */
export function upgradeToken(description: string): Leaf<string> {
  const facts = { title: 'name', type: 'string', pattern: TOKEN_PATTERN, examples: ['websocket'] };
  return leaf(description, facts, (value) => {
    const name = parseFieldName(value, 'websocket');
    if (!name.ok) return refuse(`expected a protocol such as websocket, found ${show(value)}`);
    const own = name.value === 'h2c' || name.value === 'tls';
    return own ? refuse(`${name.value} is not switched to`, 'HTTP/2 begins with its own first bytes') : name;
  });
}

/** The name by which a proxy stands in Via; empty for none. */
export function pseudonym(description: string): Leaf<string> {
  const facts = { title: 'name', type: 'string', pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]*$", examples: ['weft'] };
  return leaf(description, facts, (value) => {
    if (value === '' || (typeof value === 'string' && value.length <= MAX_NAME && TOKEN.test(value)))
      return accept(value);
    return refuse(`expected a name such as weft, found ${show(value)}`, "for none, write ''");
  });
}

/** One number of a few. */
export function oneNumber<const T extends number>(description: string, allowed: readonly T[]): Leaf<T> {
  return leaf(description, { title: 'number', type: 'integer', enum: [...allowed] }, (value) => {
    const match = allowed.find((entry) => entry === value);
    if (match !== undefined) return accept(match);
    return refuse(`expected ${alternatives(allowed.map(String))}, found ${show(value)}`);
  });
}

export function integer(description: string): Leaf<number> {
  return leaf(description, { title: 'whole number', type: 'integer' }, (value) =>
    Number.isSafeInteger(value) ? accept(value as number) : refuse(`expected a whole number, found ${show(value)}`),
  );
}

/** `true`: that something is there. */
export function present(description: string): Leaf<true> {
  return leaf(description, { title: '`true`', const: true }, (value) => {
    if (value === true) return accept(true as const);
    return refuse(`expected true, found ${show(value)}`, 'for what must be missing, write present: true, invert: true');
  });
}

/** The body of a response that the proxy gives itself. */
export function bodyText(description: string): Leaf<string> {
  const facts = { title: 'text', type: 'string', maxLength: MAX_BODY };
  return leaf(description, facts, (value) => {
    if (typeof value !== 'string') return refuse(`expected a text, found ${show(value)}`);
    if (!value.isWellFormed()) return refuse('the text holds half of a character');
    return value.length > MAX_BODY ? refuse(`the text is longer than ${MAX_BODY} characters`) : accept(value);
  });
}
