import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Forwarding, type ForwardingSettings, type HttpVersion } from './forwarding.ts';
import { type Known, KNOWN_NAMES } from './http-fields.ts';
import type { RequestHead } from './http-head.ts';

const NOTHING: ForwardingSettings = { for: 'keep', style: 'x-forwarded', via: '', requestId: false };

type Pairs = readonly (readonly [string, string])[];

function headOf(fields: Pairs, authority = 'shop.example'): RequestHead {
  const knownOf = (name: string): Known => Math.max(0, KNOWN_NAMES.indexOf(name.toLowerCase())) as Known;
  return {
    method: 'GET',
    scheme: 'http',
    authority,
    path: '/',
    protocol: '',
    count: fields.length,
    knownAt: (field) => knownOf(fields[field]![0]),
    name: (field) => fields[field]![0],
    value: (field) => fields[field]![1],
    has: (known) => fields.some(([name]) => knownOf(name) === known),
    get: (known) => fields.find(([name]) => knownOf(name) === known)?.[1],
  };
}

interface Request {
  readonly fields?: Pairs;
  readonly peer?: string;
  readonly scheme?: 'http' | 'https';
  readonly authority?: string;
  readonly version?: HttpVersion;
}

/** What of a request is dropped, and what it gets. */
function forward(settings: Partial<ForwardingSettings>, request: Request = {}): { drops: string[]; adds: string[] } {
  let ids = 0;
  const forwarding = new Forwarding({ ...NOTHING, ...settings }, () => `id-${++ids}`);
  const edits = { without: new Uint8Array(KNOWN_NAMES.length), added: [] };
  const { fields = [], peer = '192.0.2.7', scheme = 'http', authority, version = '1.1' } = request;
  forwarding.connection(peer, scheme).request(headOf(fields, authority), version, edits);
  const adds: string[] = edits.added;
  const drops = KNOWN_NAMES.filter((_, known) => edits.without[known] === 1);
  return { drops, adds: adds.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${adds[at + 1]}`] : [])) };
}

const SAID: Pairs = [
  ['X-Forwarded-For', '198.51.100.1'],
  ['accept', '*/*'],
  ['x-forwarded-proto', 'https'],
  ['x-forwarded-for', '198.51.100.2'],
  ['x-forwarded-host', 'front.example'],
  ['Forwarded', 'for=198.51.100.1;proto=https'],
];
const ORIGIN = ['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'];

test('nothing is said where nothing is to be said', () => {
  assert.deepEqual(forward({ for: 'keep', style: 'both' }, { fields: SAID }), { drops: [], adds: [] });
});

test('the first proxy says where a request came from', () => {
  assert.deepEqual(forward({ for: 'append' }, { scheme: 'https' }), {
    drops: [],
    adds: ['x-forwarded-for: 192.0.2.7', 'x-forwarded-proto: https', 'x-forwarded-host: shop.example'],
  });
  assert.deepEqual(forward({ for: 'append', style: 'forwarded' }), {
    drops: [],
    adds: ['forwarded: for=192.0.2.7;host=shop.example;proto=http'],
  });
});

test('the next one adds its peer to the list and leaves the rest as it was', () => {
  assert.deepEqual(forward({ for: 'append' }, { fields: SAID }), {
    drops: ['x-forwarded-for'],
    adds: ['x-forwarded-for: 198.51.100.1, 198.51.100.2, 192.0.2.7'],
  });
  assert.deepEqual(forward({ for: 'append', style: 'both' }, { fields: SAID }), {
    drops: ['forwarded', 'x-forwarded-for'],
    adds: [
      'x-forwarded-for: 198.51.100.1, 198.51.100.2, 192.0.2.7',
      'forwarded: for=198.51.100.1;proto=https, for=192.0.2.7;host=shop.example;proto=http',
    ],
  });
});

test('an empty field adds no empty item', () => {
  const fields: Pairs = [['x-forwarded-for', '']];
  assert.deepEqual(forward({ for: 'append' }, { fields }).adds[0], 'x-forwarded-for: 192.0.2.7');
});

test('who is not believed is not quoted, in neither style', () => {
  assert.deepEqual(forward({ for: 'replace' }, { fields: SAID }), {
    drops: ORIGIN,
    adds: ['x-forwarded-for: 192.0.2.7', 'x-forwarded-proto: http', 'x-forwarded-host: shop.example'],
  });
  assert.deepEqual(forward({ for: 'replace', style: 'forwarded' }, { fields: SAID }), {
    drops: ORIGIN,
    adds: ['forwarded: for=192.0.2.7;host=shop.example;proto=http'],
  });
  assert.deepEqual(forward({ for: 'remove', style: 'both' }, { fields: SAID }), { drops: ORIGIN, adds: [] });
});

const PEERS: readonly (readonly [string, string, string])[] = [
  ['192.0.2.7', '192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7', '192.0.2.7'],
  ['2001:db8::7', '2001:db8::7', '"[2001:db8::7]"'],
  ['fe80::7%eth0', 'fe80::7', '"[fe80::7]"'],
];

test('an address is written as each of the fields wants it', () => {
  for (const [peer, plain, node] of PEERS) {
    assert.deepEqual(forward({ for: 'append', style: 'both' }, { peer, authority: '' }).adds, [
      `x-forwarded-for: ${plain}`,
      'x-forwarded-proto: http',
      `forwarded: for=${node};proto=http`,
    ]);
  }
});

test('a peer without an address is unknown', () => {
  assert.deepEqual(forward({ for: 'append', style: 'both' }, { peer: '', fields: SAID.slice(0, 1) }), {
    drops: [],
    adds: [
      'x-forwarded-proto: http',
      'x-forwarded-host: shop.example',
      'forwarded: for=unknown;host=shop.example;proto=http',
    ],
  });
});

const HOSTS: readonly (readonly [string, string])[] = [
  ['shop.example', 'shop.example'],
  ['shop.example:8080', '"shop.example:8080"'],
  ['[2001:db8::7]:80', '"[2001:db8::7]:80"'],
  ['a"b\\c;d', '"a\\"b\\\\c;d"'],
];

test('a host that is no token is quoted in `forwarded`; one that cannot be is left out', () => {
  for (const [authority, host] of HOSTS) {
    const { adds } = forward({ for: 'append', style: 'forwarded' }, { authority });
    assert.deepEqual(adds, [`forwarded: for=192.0.2.7;host=${host};proto=http`]);
  }
  const { adds } = forward({ for: 'append', style: 'forwarded' }, { authority: 'a\u0001b' });
  assert.deepEqual(adds, ['forwarded: for=192.0.2.7;proto=http']);
});

test('each request of a connection names its own host', () => {
  const connection = new Forwarding({ ...NOTHING, for: 'append', style: 'forwarded' }, String).connection(
    '::1',
    'http',
  );
  const edits = { without: new Uint8Array(KNOWN_NAMES.length), added: [] as string[] };
  for (const authority of ['a', 'a', 'b']) connection.request(headOf([], authority), '2', edits);
  const hosts = edits.added.filter((_, at) => at % 2 === 1).map((value) => /host=(\w)/.exec(value)?.[1]);
  assert.deepEqual(hosts, ['a', 'a', 'b']);
});

test('via names the version that came in, behind those who were there before', () => {
  for (const version of ['1.0', '1.1', '2'] as const) {
    const fields: Pairs = [['via', '2 front']];
    assert.deepEqual(forward({ via: 'weft' }, { version, fields }), { drops: [], adds: [`via: ${version} weft`] });
  }
});

test('a request id is made where there is none that can be used', () => {
  assert.deepEqual(forward({ requestId: true }), { drops: [], adds: ['x-request-id: id-1'] });
  assert.deepEqual(forward({ requestId: true }, { fields: [['X-Request-Id', 'abc-1']] }), { drops: [], adds: [] });
  for (const id of ['', 'a b', 'a\tb', 'caf\u00e9', 'x'.repeat(129)]) {
    const fields: Pairs = [['x-request-id', id]];
    const made = { drops: ['x-request-id'], adds: ['x-request-id: id-1'] };
    assert.deepEqual(forward({ requestId: true }, { fields }), made);
    assert.deepEqual(forward({ requestId: false }, { fields }), { drops: [], adds: [] });
  }
});
