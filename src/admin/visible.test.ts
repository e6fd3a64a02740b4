import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visible } from './visible.ts';

test('what a terminal obeys or what turns text around is spelled out', () => {
  assert.equal(visible('\u001b[31mred\r\n'), '\\u{1b}[31mred\\u{d}\\u{a}');
  assert.equal(visible('a\u202eb\u2028c\u0000\u009b'), 'a\\u{202e}b\\u{2028}c\\u{0}\\u{9b}');
  assert.equal(visible('half \ud800 pair'), 'half \\u{d800} pair');
});

test('text that can be seen stands as it is, of any script', () => {
  assert.equal(visible('com.demo.Echo:1.0 服务 ñ 🚀'), 'com.demo.Echo:1.0 服务 ñ 🚀');
});

test('long text is cut', () => {
  assert.equal(visible('x'.repeat(1000)).length, 300);
  assert.equal(visible('abcdef', 4), 'abc…');
});
