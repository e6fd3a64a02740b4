import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RateLimit } from './rate-limit.ts';
import type { LimitSpec } from './route-spec.ts';
import { request } from './testing/request.ts';

const PEER = '10.0.0.1:1234';

/** How many of `count` requests at one time go through. */
function through(limit: RateLimit, now: number, count = 1000, fields: [string, string][] = [], peer = PEER): number {
  const head = request({ fields, path: '/?user=q' });
  return Array.from({ length: count }, () => limit.take(now, head, peer)).filter((wait) => wait === 0).length;
}

describe('a rate limit', () => {
  test('lets a burst through, then as many as come back with time, and never more than a burst', () => {
    const limit = new RateLimit({ requests: 100, per: 1000, burst: 250 });
    assert.equal(through(limit, 5), 250);
    assert.equal(through(limit, 5), 0);
    assert.equal(through(limit, 14.9), 0);
    assert.equal(through(limit, 15), 1);
    assert.equal(through(limit, 1015), 100);
    assert.equal(through(limit, 1_000_000), 250);
  });

  test('is exact where a token takes a fraction of a millisecond, or is asked for all the time', () => {
    for (const [requests, per] of [
      [3, 1000],
      [7, 60_000],
      [30_000, 1000],
      [1, 86_400_000],
    ] as const) {
      const limit = new RateLimit({ requests, per });
      assert.equal(through(limit, 0.1, requests + 1), requests);
      let later = 0;
      for (let i = 1; i <= 1000; i++) later += through(limit, 0.1 + (i * per) / 1000, 100);
      assert.equal(later, requests, `${requests} in ${per}`);
    }
  });

  test('says when there is room again', () => {
    const limit = new RateLimit({ requests: 2, per: 1000 });
    assert.equal(through(limit, 0), 2);
    assert.equal(limit.take(0, request({}), PEER), 500);
    assert.equal(limit.take(100, request({}), PEER), 400);
    assert.equal(limit.take(500, request({}), PEER), 0);
  });

  test('counts each key by itself, of the first source that a request has, and those without one together', () => {
    const spec: LimitSpec = { requests: 1, per: 1000, by: [{ header: 'x-user' }, { cookie: 'id' }] };
    const limit = new RateLimit(spec);
    assert.equal(through(limit, 0, 9, [['X-User', 'a']]), 1);
    assert.equal(through(limit, 0, 9, [['X-User', 'b']]), 1);
    assert.equal(through(limit, 0, 9, [['Cookie', 'x=y; id=a']]), 1);
    assert.equal(
      through(limit, 0, 9, [
        ['X-User', 'a'],
        ['Cookie', 'id=c'],
      ]),
      0,
    );
    assert.equal(through(limit, 0, 9), 1);
    assert.equal(through(limit, 0, 9, [], '10.0.0.2:1'), 0);
    const bySource = new RateLimit({ ...spec, by: [{ source: true }] });
    assert.equal(through(bySource, 0, 9, [], '10.0.0.1:1'), 1);
    assert.equal(through(bySource, 0, 9, [], '10.0.0.1:2'), 0);
    assert.equal(through(bySource, 0, 9, [], '[::1]:2'), 1);
    assert.equal(through(new RateLimit({ ...spec, by: [{ query: 'user' }] }), 0, 9), 1);
  });

  test('knows no more than so many keys: who has been away the longest begins anew', () => {
    const limit = new RateLimit({ requests: 1, per: 1e9, by: [{ header: 'x-user' }] });
    const user = (name: string): number => through(limit, 0, 1, [['X-User', name]]);
    assert.equal(user('first') + user('second'), 2);
    for (let i = 0; i < 9998; i++) user(`user-${i}`);
    assert.equal(user('first'), 0);
    assert.equal(user('one more'), 1);
    assert.equal(limit.size, 10_000);
    assert.equal(user('first'), 0);
    assert.equal(user('second'), 1);
    assert.equal(limit.size, 10_000);
  });

  test('tells long keys apart', () => {
    const limit = new RateLimit({ requests: 1, per: 1000, by: [{ header: 'x-user' }] });
    const long = 'x'.repeat(60_000);
    assert.equal(through(limit, 0, 2, [['X-User', `${long}a`]]), 1);
    assert.equal(through(limit, 0, 2, [['X-User', `${long}b`]]), 1);
  });
});
