import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash32 } from '../../core/hash.ts';
import type { HashSource } from '../cluster/policy.ts';
import { Http2Head } from '../codec/http2/head.ts';
import type { FrameView } from '../message/frame.ts';
import { Known } from '../message/http-fields.ts';
import { HashKeys } from './hash-keys.ts';

const PEER = '10.0.0.9:51234';

function head(path: string, fields: Record<string, string> = {}): Http2Head {
  const entries = Object.entries(fields);
  return Object.assign(new Http2Head(), { path, fields: entries.flat(), marks: entries.map(() => Known.other) });
}

function frame(headers: Record<string, string>): FrameView {
  const header = (name: Buffer): string | undefined => headers[String(name)];
  return { header } as unknown as FrameView;
}

function check(sources: readonly HashSource[], request: Http2Head, key: string | undefined): void {
  assert.equal(new HashKeys(sources).ofHttp(request, PEER), key === undefined ? undefined : hash32(key));
}

test('hash keys: each source of HTTP', () => {
  check([{ header: 'X-User' }], head('/', { 'x-user': 'ann' }), 'ann');
  check([{ header: 'x-user' }], head('/'), undefined);
  check([{ query: 'user' }], head('/a?x=1&user=ann%20b&user=c'), 'ann b');
  check([{ query: 'user' }], head('/a/user=ann'), undefined);
  check([{ cookie: 'sid' }], head('/', { cookie: 'a=b; sid=42=; other=sid' }), '42=');
  check([{ cookie: 'sid' }], head('/', { cookie: 'xsid=1; sid' }), undefined);
  check([{ cookie: 'sid' }], head('/'), undefined);
  check([{ source: true }], head('/'), '10.0.0.9');
});

test('hash keys: the first source that a request has', () => {
  const sources = [{ header: 'x-user' }, { query: 'user' }, { source: true }] as const;
  check(sources, head('/?user=bob', { 'x-user': 'ann' }), 'ann');
  check(sources, head('/?user=bob'), 'bob');
  check(sources, head('/'), '10.0.0.9');
});

test('hash keys: headers of Bolt, by their own case; and where a call comes from', () => {
  const keys = new HashKeys([{ cookie: 'sid' }, { header: 'sofa_user' }, { source: true }]);
  assert.equal(keys.ofFrame(frame({ sofa_user: 'ann' }), PEER), hash32('ann'));
  assert.equal(keys.ofFrame(frame({ SOFA_USER: 'ann' }), PEER), hash32('10.0.0.9'));
  assert.equal(new HashKeys([{ query: 'a' }]).ofFrame(frame({}), PEER), undefined);
  assert.equal(keys.ofPeer('[2001:db8::1]:80'), hash32('[2001:db8::1]'));
  assert.equal(new HashKeys([{ header: 'a' }]).ofPeer('10.0.0.1:80'), undefined);
});
