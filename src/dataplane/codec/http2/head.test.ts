import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Known, KNOWN_NAMES } from '../../message/http-fields.ts';
import type { FieldList } from '../../message/http-head.ts';
import { Mark } from './field-mark.ts';
import { ErrorCode } from './protocol.ts';
import { Pair, StreamLog } from './testing/pair.ts';

test('a list of fields in any case goes out as HTTP/2 carries it, with what is edited', () => {
  const pair = new Pair();
  const list = fieldList([
    ...['Host', 'other', 'Connection', 'x-hop', 'TE', 'gzip', 'X-One', '1', 'Server', 'me', 'X-Two', '2'],
  ]);
  const edits = { without: new Uint8Array(32), withoutNames: new Set(['x-two']), added: ['via', 'weft'] };
  edits.without[Known.server] = 1;
  const line = { method: 'GET', scheme: 'http', authority: 'a', path: '/', protocol: '' };
  const log = new StreamLog();
  pair.client.connection.openRequest({ ...list, ...line }, '/b', undefined, edits, true, log);
  pair.settle();
  const served = pair.server.requests[0]!;
  assert.deepEqual(served.head.fields, ['x-one', '1', 'via', 'weft']);
  assert.deepEqual([served.head.method, served.head.path, served.head.authority], ['GET', '/b', 'a']);
  served.stream.sendResponse(204, served.head, { ...NO_EDITS, added: ['date', 'now'] }, true);
  pair.settle();
  assert.equal(log.head?.status, 204);
  assert.deepEqual(log.head.fields, ['x-one', '1', 'via', 'weft', 'date', 'now']);
  assert.equal(log.head.get(Known.via), 'weft');
  assert.equal(log.head.knownAt(2), Known.date);
  assert.equal(log.head.has(Known.server), false);
});

test('a secret stays one from hop to hop', () => {
  const [near, far] = [new Pair(), new Pair()];
  near.request(true, '/', ['authorization', 'Bearer abc']);
  const { head } = near.server.requests[0]!;
  far.client.connection.openRequest(head, undefined, undefined, NO_EDITS, true, new StreamLog());
  far.settle();
  const mark = far.server.requests[0]!.head.marks[0]!;
  assert.equal(mark & Mark.sensitive, Mark.sensitive);
});

test('trailers from HTTP/1 go out in lower case', () => {
  const pair = new Pair();
  const { stream, served } = pair.request(false);
  stream.sendTrailers(['X-Sum', 'A']);
  pair.settle();
  assert.deepEqual(served!.log.events.slice(1), ['trailers x-sum A', 'end']);
});

test('host stands in for :authority, and may not say otherwise', () => {
  const base = [':method', 'GET', ':scheme', 'http', ':path', '/'];
  const sent = (fields: readonly string[]): string | undefined => {
    const pair = new Pair();
    pair.client.connection.openStream([...base, ...fields], true, new StreamLog());
    pair.settle();
    return pair.server.requests[0]?.head.authority;
  };
  assert.equal(sent(['host', 'b']), 'b');
  assert.equal(sent([':authority', 'A.example', 'host', 'a.example']), 'A.example');
  assert.equal(sent([':authority', 'a', 'host', 'b']), undefined);
  assert.equal(sent(['host', 'a', 'host', 'a']), undefined);
});

test('what HTTP/1 could not carry at its place is malformed', () => {
  const usual = { ':method': 'GET', ':scheme': 'http', ':authority': 'a', ':path': '/' };
  const isTaken = (fields: Readonly<Record<string, string>>): boolean => {
    const pair = new Pair({ extendedConnect: true });
    const log = new StreamLog();
    pair.client.connection.openStream(Object.entries({ ...usual, ...fields }).flat(), true, log);
    pair.settle();
    if (pair.server.requests.length > 0) return true;
    assert.deepEqual(log.events, [`reset ${ErrorCode.protocolError}`]);
    return false;
  };
  assert.ok(isTaken({ 'x-any': 'a\tb \xe9' }));
  assert.ok(isTaken({ ':method': 'OPTIONS', ':path': '*' }));
  assert.ok(isTaken({ ':method': 'CONNECT', ':protocol': 'websocket' }));
  for (const fields of [
    ...[{ ':path': '/a b' }, { ':path': 'a' }, { ':path': '*' }, { ':path': '/\xe9' }, { ':method': 'GE T' }],
    ...[
      { ':method': '' },
      { ':authority': 'a/b' },
      { ':authority': 'u@a' },
      { ':scheme': 'ht tp' },
      { ':protocol': 'x' },
    ],
    ...[{ 'X-Upper': '1' }, { 'x y': '1' }, { '': '1' }, { 'x-any': 'a\x01' }, { 'x-any': ' a' }, { 'x-any': 'a\t' }],
    ...[{ 'x-any': 'a\nb' }, { te: 'gzip' }, { 'content-length': '+1' }, { 'content-length': '' }, { upgrade: 'x' }],
    ...[{ connection: 'close' }, { ':status': '200' }, { ':other': '1' }],
  ] as Readonly<Record<string, string>>[]) {
    assert.ok(!isTaken(fields), JSON.stringify(fields));
  }
});

test('CONNECT opens other protocols only where that was announced', () => {
  const fields = [':method', 'CONNECT', ':scheme', 'http', ':authority', 'a', ':path', '/', ':protocol', 'WebSocket'];
  for (const extendedConnect of [false, true]) {
    const pair = new Pair({ extendedConnect });
    assert.equal(pair.client.connection.peer.extendedConnect, extendedConnect);
    const log = new StreamLog();
    pair.client.connection.openStream(fields, false, log);
    pair.settle();
    assert.equal(pair.server.requests[0]?.head.protocol, extendedConnect ? 'websocket' : undefined);
  }
});

const NO_EDITS = { without: new Uint8Array(32), withoutNames: undefined, added: [] };

/** As HTTP/1 gives it. */
function fieldList(fields: readonly string[]): FieldList {
  const knownAt = (i: number): Known => Math.max(0, KNOWN_NAMES.indexOf(fields[2 * i]!.toLowerCase())) as Known;
  const get = (known: Known): string | undefined => {
    const at = fields.findIndex((_, i) => i % 2 === 0 && knownAt(i / 2) === known);
    return at < 0 ? undefined : fields[at + 1];
  };
  const [name, value] = [(i: number) => fields[2 * i]!, (i: number) => fields[2 * i + 1]!];
  return { count: fields.length / 2, knownAt, name, value, get, has: (known) => get(known) !== undefined };
}
