import * as v from 'valibot';
import { parseAddress, parseAddressList, parseIp, parseListenAddress, type HostPort } from './address.ts';
import { DURATION_PATTERN, parseDuration, type DurationBounds } from './duration.ts';
import { nearest } from './nearest.ts';
import { parseSize, SIZE_PATTERN, type SizeBounds } from './size.ts';
import { accept, alternatives, emptyHint, kindOf, refuse, show, type Parsed } from './value.ts';

/** The schema of one value of the file: any input, and its parsed form as output. */
export type Leaf<T> = v.GenericSchema<unknown, T>;

/** What a JSON Schema says about a value; `title` is also its type in the reference. */
type Facts = Readonly<Record<string, unknown>> & { readonly title: string };

const HINT_MARK = '\n';

/**
 * A value with a parser of our own, so that every refusal says what was found and what to write.
 * The facts go into the JSON Schema, which cannot hold the parser.
 */
export function leaf<T>(description: string, facts: Facts, parse: (value: unknown) => Parsed<T>): Leaf<T> {
  return v.pipe(
    v.unknown(),
    v.metadata({ ...facts, description }),
    v.rawTransform<unknown, T>(({ dataset, addIssue, NEVER }) => {
      const parsed = parse(dataset.value);
      if (parsed.ok) return parsed.value;
      const { message, hint = emptyHint(dataset.value) } = parsed;
      addIssue({ message: joinHint(message, hint) });
      return NEVER;
    }),
  );
}

/** The message of a leaf to valibot, which carries only one text. */
export function joinHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : message + HINT_MARK + hint;
}

/** Takes apart the message that a leaf gave to valibot. */
export function splitHint(joined: string): readonly [message: string, hint: string | undefined] {
  const at = joined.indexOf(HINT_MARK);
  return at < 0 ? [joined, undefined] : [joined.slice(0, at), joined.slice(at + HINT_MARK.length)];
}

export function duration(description: string, bounds?: DurationBounds): Leaf<number> {
  const facts = { title: 'duration', type: 'string', pattern: DURATION_PATTERN, examples: ['100ms', '3s', '1.5m'] };
  return leaf(description, facts, (value) => parseDuration(value, bounds));
}

export function size(description: string, bounds: SizeBounds = {}): Leaf<number> {
  const number = {
    type: 'integer',
    minimum: bounds.min ?? 1,
    ...(bounds.max === undefined ? {} : { maximum: bounds.max }),
  };
  const facts = {
    title: 'size',
    anyOf: [number, { type: 'string', pattern: SIZE_PATTERN }],
    examples: ['64KiB', '16MiB'],
  };
  return leaf(description, facts, (value) => parseSize(value, bounds));
}

export function listenAddress(description: string): Leaf<HostPort> {
  return leaf(description, { title: 'host:port', type: 'string', examples: ['127.0.0.1:12220'] }, parseListenAddress);
}

export function address(description: string): Leaf<HostPort> {
  return leaf(description, { title: 'host:port', type: 'string', examples: ['10.0.0.7:12200'] }, parseAddress);
}

export function addressList(description: string): Leaf<readonly HostPort[]> {
  const facts = { title: 'host:port,…', type: 'string', examples: ['zk1:2181,zk2:2181,zk3:2181'] };
  return leaf(description, facts, parseAddressList);
}

export function ip(description: string): Leaf<string> {
  return leaf(description, { title: 'IP address', type: 'string', examples: ['10.0.0.7'] }, parseIp);
}

export interface CountBounds {
  readonly min: number;
  readonly max: number;
}

export function count(description: string, { min, max }: CountBounds): Leaf<number> {
  const facts = { title: 'number', type: 'integer', minimum: min, maximum: max };
  return leaf(description, facts, (value) => {
    if (typeof value !== 'number') return refuse(`expected a whole number from ${min} to ${max}, found ${show(value)}`);
    if (!Number.isInteger(value)) return refuse(`expected a whole number, found ${value}`);
    if (value >= min && value <= max) return accept(value);
    return refuse(`${value} is out of range`, `write a whole number from ${min} to ${max}`);
  });
}

export function flag(description: string): Leaf<boolean> {
  return leaf(description, { title: 'true or false', type: 'boolean' }, (value) =>
    typeof value === 'boolean' ? accept(value) : refuse(`expected true or false, found ${show(value)}`),
  );
}

/** `found` names a refused value; give `kindOf` where a secret might stand by mistake. */
export function oneOf<const T extends string>(description: string, allowed: readonly T[], found = show): Leaf<T> {
  const facts = { title: 'one of', type: 'string', enum: [...allowed] };
  return leaf(description, facts, (value) => {
    const match = allowed.find((entry) => entry === value);
    if (match !== undefined) return accept(match);
    const near = typeof value === 'string' ? nearest(value, allowed) : undefined;
    const message = `expected ${alternatives(allowed)}, found ${found(value)}`;
    return near === undefined ? refuse(message) : refuse(message, `did you mean ${near}?`);
  });
}

const MAX_TEXT = 256;

/** Text of one line. It becomes part of logs and metrics, so it must not forge a line of them. */
export function text(description: string, example: string): Leaf<string> {
  const facts = { title: 'text', type: 'string', minLength: 1, maxLength: MAX_TEXT, examples: [example] };
  return leaf(description, facts, (value) => parseText(value, example));
}

/** As `text`, and may be empty. */
export function optionalText(description: string, example: string): Leaf<string> {
  const facts = { title: 'text', type: 'string', maxLength: MAX_TEXT, examples: [example] };
  return leaf(description, facts, (value) => (value === '' ? accept('') : parseText(value, example)));
}

function parseText(value: unknown, example: string): Parsed<string> {
  if (typeof value === 'number' || typeof value === 'boolean') {
    return refuse(`expected a text such as ${example}, found ${show(value)}`, `put it in quotes: '${value}'`);
  }
  if (typeof value !== 'string' || value === '')
    return refuse(`expected a text such as ${example}, found ${show(value)}`);
  if (value.length > MAX_TEXT) return refuse(`the text is longer than ${MAX_TEXT} characters`);
  if (/\p{Cc}/u.test(value)) return refuse(`${show(value)} holds control characters`, 'write it in one line');
  if (value.trim() !== value) return refuse(`${show(value)} begins or ends with a space`);
  return accept(value);
}

/**
 * A secret. `writeOnly` is JSON Schema's mark for what may be set and never shown; SECRET_PATHS
 * in redact.ts must list it, which a test ensures.
 */
export function secret(description: string, pattern: RegExp, example: string): Leaf<string> {
  const facts = { title: 'secret', type: 'string', pattern: pattern.source, writeOnly: true };
  return leaf(description, facts, (value) => {
    if (typeof value !== 'string') return refuse(`expected a text such as ${example}, found ${kindOf(value)}`);
    return pattern.test(value) ? accept(value) : refuse(`the text has not the form ${example}`);
  });
}

/** The URL of an HTTP endpoint that is asked in clear text on this machine or near it. */
export function httpUrl(description: string, example: string): Leaf<string> {
  const facts = { title: 'URL', type: 'string', pattern: '^http://', examples: [example] };
  return leaf(description, facts, (value) => {
    if (typeof value !== 'string') return refuse(`expected a URL such as ${example}, found ${show(value)}`);
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url !== undefined && (url.username !== '' || url.password !== '')) {
      return refuse('the URL holds a user name or password', 'leave it out: it would appear in logs');
    }
    if (url?.protocol === 'http:' && url.hostname !== '') return accept(url.href);
    const found = value.includes('@') ? 'a text with an @ in it' : show(value);
    return refuse(`expected a URL such as ${example}, found ${found}`, url && 'write http://HOST:PORT/PATH');
  });
}

/** A path in the file system; the loader resolves it against the folder of the config file. */
export function path(description: string, example: string): Leaf<string> {
  const facts = { title: 'path', type: 'string', minLength: 1, examples: [example] };
  return leaf(description, facts, (value) => {
    if (typeof value !== 'string' || value === '')
      return refuse(`expected a path such as ${example}, found ${show(value)}`);
    return value.includes('\0') ? refuse(`${show(value)} holds a zero character`) : accept(value);
  });
}

const ZOOKEEPER_PATH = '^/((?!\\.{1,2}(/|$))[^/]+(/(?!\\.{1,2}(/|$))[^/]+)*)?$';

/** A node of ZooKeeper's tree: `/`, or `/a/b` without a slash at the end; it takes no `.` or `..` for a name. */
export function zookeeperPath(description: string): Leaf<string> {
  const facts = { title: 'path', type: 'string', pattern: ZOOKEEPER_PATH, examples: ['/', '/mesh'] };
  const pattern = new RegExp(ZOOKEEPER_PATH);
  return leaf(description, facts, (value) => {
    if (typeof value === 'string' && pattern.test(value) && !/\p{Cc}/u.test(value)) return accept(value);
    return refuse(
      `expected a ZooKeeper path such as / or /mesh, found ${show(value)}`,
      'begin with /, end without one, and name no . or .. in it',
    );
  });
}
