import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNameOf } from './file-name.ts';

test('an id is a name that people know again, and never a path or a hidden file', () => {
  assert.equal(fileNameOf('consumer-1'), 'consumer-1');
  assert.equal(fileNameOf('a/b'), 'a%2Fb');
  assert.equal(fileNameOf('..'), '%2E.');
  assert.equal(fileNameOf('\ud800'), '%EF%BF%BD');
});

test('long ids are cut and still told apart', () => {
  const [one, two] = ['x'.repeat(300), `${'x'.repeat(299)}y`].map(fileNameOf);
  assert.match(one!, /^x{100}=[0-9a-f]{32}$/);
  assert.notEqual(one, two);
  assert.ok(fileNameOf('名'.repeat(100)).length < 200);
});
