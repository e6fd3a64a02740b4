import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatAddress,
  overlap,
  parseAddress,
  parseAddressList,
  parseIp,
  parseListenAddress,
  isLoopback,
} from './address.ts';

test('an address becomes host and port, and back', () => {
  const cases = ['127.0.0.1:12220', 'localhost:1', 'echo.demo-1.example:65535', '[::1]:12200', '[fe80::1%eth0]:80'];
  for (const text of cases) {
    const parsed = parseAddress(text);
    assert.ok(parsed.ok, text);
    assert.equal(formatAddress(parsed.value), text);
  }
  assert.deepEqual(parseListenAddress('0.0.0.0:0'), { ok: true, value: { host: '0.0.0.0', port: 0 } });
});

test('what is no address is refused with the next step', () => {
  const cases: readonly (readonly [unknown, string, string | undefined])[] = [
    [12200, 'expected host:port such as 10.0.0.7:12200, found the number 12200', 'write 127.0.0.1:12200'],
    [':12200', "':12200' names no host", 'write 127.0.0.1:12200 for this machine'],
    [
      '10.0.0.7',
      "expected host:port such as 10.0.0.7:12200, found '10.0.0.7'",
      'a port is missing: write 10.0.0.7:PORT',
    ],
    ['::1', "expected host:port such as 10.0.0.7:12200, found '::1'", 'write [::1]:PORT'],
    [
      'fe80::1:2:3:4:5:6:80',
      "expected host:port such as 10.0.0.7:12200, found 'fe80::1:2:3:4:5:6:80'",
      'write [fe80::1:2:3:4:5:6]:80',
    ],
    [
      'http://h:1/x',
      "expected host:port such as 10.0.0.7:12200, found 'http://h:1/x'",
      'leave out the scheme and the path: host:port alone',
    ],
    ['h:0', "port 0 in 'h:0' is out of range", 'write a port from 1 to 65535'],
    ['h:65536', "port 65536 in 'h:65536' is out of range", 'write a port from 1 to 65535'],
    ['300.1.1.1:80', "'300.1.1.1:80' has no valid host name or IP address", undefined],
    ['a b:80', "'a b:80' has no valid host name or IP address", undefined],
    [
      '0.0.0.0:80',
      "'0.0.0.0:80' is where to listen, not where to connect",
      'write the address of one host: 127.0.0.1:80 for this machine',
    ],
    ['me:secret@h:80', 'expected host:port such as 10.0.0.7:12200, found a text with an @ in it', undefined],
    [null, 'expected host:port such as 10.0.0.7:12200, found nothing', undefined],
  ];
  for (const [value, message, hint] of cases) {
    const parsed = parseAddress(value);
    assert.ok(!parsed.ok, String(value));
    assert.deepEqual([parsed.message, parsed.hint], [message, hint]);
  }
});

test('a listener without a host is asked which interfaces it means', () => {
  const parsed = parseListenAddress(':12200');
  assert.ok(!parsed.ok);
  assert.equal(parsed.hint, 'write 127.0.0.1:12200 for this machine alone, 0.0.0.0:12200 for all interfaces');
});

test('a list of addresses is read, and its first error told', () => {
  const value = [
    { host: 'h1', port: 2181 },
    { host: 'h2', port: 2182 },
  ];
  assert.deepEqual(parseAddressList('h1:2181, h2:2182'), { ok: true, value });
  const refused = parseAddressList('h1:2181,h2');
  assert.ok(!refused.ok);
  assert.equal(refused.hint, 'a port is missing: write h2:PORT');
  assert.ok(!parseAddressList('').ok);
});

test('an IP address has no port and names one host', () => {
  assert.ok(parseIp('10.0.0.7').ok);
  assert.ok(parseIp('::1').ok);
  for (const value of ['10.0.0.7:1', 'host', '0.0.0.0', '', 7]) assert.ok(!parseIp(value).ok, String(value));
});

test('this machine alone is 127.0.0.0/8, ::1 in any spelling, and localhost', () => {
  for (const host of [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::ffff:7f01:2',
    'localhost',
  ])
    assert.ok(isLoopback(host), host);
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:7f:1',
    '::127.0.0.1',
    'fe80::1',
    '127.evil.example',
    '',
  ])
    assert.ok(!isLoopback(host), host);
});

test('two listeners overlap at one port, a wildcard with all, port 0 with none', () => {
  const at = (host: string, port: number) => ({ host, port });
  assert.ok(overlap(at('127.0.0.1', 80), at('127.0.0.1', 80)));
  assert.ok(overlap(at('0.0.0.0', 80), at('127.0.0.1', 80)));
  assert.ok(overlap(at('Host', 80), at('host', 80)));
  for (const host of ['127.0.0.1', '::1', '0:0:0:0:0:0:0:1', 'LOCALHOST']) {
    assert.ok(overlap(at('localhost', 80), at(host, 80)), host);
  }
  assert.ok(!overlap(at('localhost', 80), at('127.0.0.2', 80)));
  assert.ok(!overlap(at('127.0.0.1', 80), at('127.0.0.2', 80)));
  assert.ok(!overlap(at('127.0.0.1', 80), at('127.0.0.1', 81)));
  assert.ok(!overlap(at('127.0.0.1', 0), at('127.0.0.1', 0)));
});
