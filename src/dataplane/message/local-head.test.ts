import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Known } from './http-fields.ts';
import { LocalHead, NO_EDITS } from './local-head.ts';

test('a head that the proxy makes reads like one that came', () => {
  const head = new LocalHead(503, ['content-type', 'text/plain', 'weft-failure', 'overload', 'content-type', 'x']);
  assert.deepEqual([head.status, head.reason, head.count], [503, '', 3]);
  assert.deepEqual([head.name(1), head.value(1)], ['weft-failure', 'overload']);
  assert.deepEqual(
    [0, 1, 2].map((field) => head.knownAt(field)),
    [Known.contentType, Known.other, Known.contentType],
  );
  assert.equal(head.get(Known.contentType), 'text/plain');
  assert.equal(head.has(Known.contentType), true);
  assert.equal(head.has(Known.contentLength), false);
  assert.equal(head.get(Known.date), undefined);
});

test('no field is taken for one of those without a name', () => {
  const head = new LocalHead(200, ['', 'x']);
  assert.equal(head.knownAt(0), Known.other);
  assert.equal(new LocalHead(200, []).has(Known.other), false);
  assert.equal(new LocalHead(200, []).has(Known.hop), false);
});

test('no edits are none', () => {
  assert.ok(NO_EDITS.without.every((mark) => mark === 0));
  assert.deepEqual([NO_EDITS.withoutNames, NO_EDITS.added], [undefined, []]);
});
