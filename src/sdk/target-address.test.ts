import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTargetAddress } from './target-address.ts';

const host = (name: string) => ({ scheme: '', host: name, port: undefined, parameters: {} });

test('any form that SDKs send is taken apart', () => {
  assert.deepEqual(parseTargetAddress('echo-pool.demo.com'), host('echo-pool.demo.com'));
  assert.deepEqual(parseTargetAddress('10.0.0.7:12200'), { ...host('10.0.0.7'), port: 12200 });
  assert.deepEqual(parseTargetAddress('Bolt://10.0.0.7:12200/a/b?p=1&_TIMEOUT=3000'), {
    scheme: 'bolt',
    host: '10.0.0.7',
    port: 12200,
    parameters: { p: '1', _TIMEOUT: '3000' },
  });
  assert.deepEqual(parseTargetAddress('echo.demo.com?p=1'), { ...host('echo.demo.com'), parameters: { p: '1' } });
  assert.deepEqual(parseTargetAddress('[fd00::1]:12200'), { ...host('fd00::1'), port: 12200 });
});

test('what is no address is told apart', () => {
  for (const text of ['', 'a b', '10.0.0.7:0', '10.0.0.7:70000', 'user@host:1', '://x', 'host:port', '[::1']) {
    assert.equal(parseTargetAddress(text), undefined, text);
  }
});

test('a query cannot reach into objects', () => {
  const target = parseTargetAddress('h?__proto__=x');
  assert.deepEqual(Object.keys(target?.parameters ?? {}), ['__proto__']);
  assert.equal(Object.getPrototypeOf(target?.parameters), Object.prototype);
});
