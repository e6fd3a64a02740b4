import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ServiceInstance, ServiceKey } from '../registry.ts';
import { consumerNode, offers, parseProviderNode, parseServiceName, providerNode, toInstance } from './provider-url.ts';
import type { ServiceName } from './provider-url.ts';

const KEY: ServiceKey = { service: 'com.demo.Echo:1.0', protocol: 'bolt', group: '' };
const NAME: ServiceName = { interfaceName: 'com.demo.Echo', version: '1.0', uniqueId: '' };
const FACTS = { pid: 42, startTime: 1526050447423 };

/** As Java's URLEncoder does it. */
function javaEncode(url: string): string {
  return encodeURIComponent(url).replaceAll('%20', '+').replaceAll('~', '%7E');
}

function matches(node: string, key: ServiceKey): boolean {
  const provider = parseProviderNode(node);
  const name = parseServiceName(key.service);
  return provider !== undefined && name !== undefined && offers(provider, key, name);
}

test('a service name is interface, version and unique id; the version is 1.0 when it is left out', () => {
  assert.deepEqual(parseServiceName('com.demo.Echo:1.0'), NAME);
  assert.deepEqual(parseServiceName('com.demo.Echo'), NAME);
  assert.deepEqual(parseServiceName('com.demo.Echo:2.0:a:b'), { ...NAME, version: '2.0', uniqueId: 'a:b' });
  for (const bad of ['', ':1.0', 'a/b:1.0', '..:1.0', 'a\u0000b:1.0']) assert.equal(parseServiceName(bad), undefined);
});

test('what is published has all that SOFARPC clients look for', () => {
  const instance: ServiceInstance = {
    ...KEY,
    address: '10.0.0.7:12200',
    weight: 50,
    metadata: { app: 'shop', serialization: 'hessian2', timeout: '3000' },
  };
  assert.equal(
    decodeURIComponent(providerNode(instance, NAME, FACTS)),
    'bolt://10.0.0.7:12200?version=1.0&uniqueId=&interface=com.demo.Echo&protocol=bolt&dynamic=true&weight=50' +
      '&accepts=100000&startTime=1526050447423&pid=42&language=weft&rpcVer=50400' +
      '&appName=shop&serialization=hessian2&timeout=3000',
  );
});

test('a provider of the Java client', () => {
  const node = javaEncode(
    'bolt://10.15.1.3:12200?version=1.0&uniqueId=&interface=com.demo.Echo&timeout=0&delay=-1&id=rpc-cfg-0&dynamic=true' +
      '&weight=100&accepts=100000&startTime=1526050447423&appName=test server&serialization=hessian2&warmupTime=60000' +
      '&note=100%&pid=13862&language=java&rpcVer=50400',
  );
  const provider = parseProviderNode(node);
  assert.ok(provider);
  assert.deepEqual(toInstance(provider, KEY), {
    ...KEY,
    address: '10.15.1.3:12200',
    weight: 100,
    metadata: { app: 'test server', serialization: 'hessian2', warmupTime: '60000', note: '100%' },
  });
  assert.ok(matches(node, KEY));
  assert.ok(matches(node, { ...KEY, group: 'SOFA' }));
  assert.ok(matches(node, { ...KEY, service: 'com.demo.Echo:2.0' }), 'Java writes 1.0 whatever its version is');
  assert.ok(!matches(node, { ...KEY, service: 'com.demo.Echo:1.0:uid' }));
  assert.ok(!matches(node, { ...KEY, protocol: 'rest' }));
  assert.ok(!matches(node, { ...KEY, group: 'blue' }));
});

test('a provider of sofa-rpc-node', () => {
  const node = encodeURIComponent(
    'bolt://10.15.1.3:12200?startTime=1&pid=2&uniqueId=&dynamic=true&appName=my%20app&timeout=3000' +
      '&serialization=hessian2&weight=100&accepts=100000&language=nodejs&rpcVer=50400&protocol=bolt' +
      '&interface=com.demo.Echo&version=2.0&group=SOFA',
  );
  const provider = parseProviderNode(node);
  assert.ok(provider);
  assert.deepEqual(toInstance(provider, KEY).metadata, { app: 'my app', timeout: '3000', serialization: 'hessian2' });
  assert.ok(matches(node, { ...KEY, service: 'com.demo.Echo:2.0' }));
  assert.ok(!matches(node, KEY));
});

test('what is no callable provider is passed over', () => {
  const nodes = [
    'not a url',
    'bolt://',
    'bolt://10.0.0.1:99999?version=1.0',
    'rest://10.0.0.1?version=1.0',
    'bolt://10.0.0.1:1?category=consumers',
    'bolt://10.0.0.1:1?enabled=false',
  ];
  for (const node of nodes) assert.equal(parseProviderNode(encodeURIComponent(node)), undefined, node);
  assert.equal(parseProviderNode(encodeURIComponent('bolt://10.0.0.1?x=%zz'))?.address, '10.0.0.1:12200');
  assert.equal(parseProviderNode(encodeURIComponent('bolt://10.0.0.1:1/path?weight=-3'))?.weight, 100);
});

test('whatever is published comes back the same, and cannot be misread by Java', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 });
  const metadata = fc.dictionary(
    fc.oneof(
      text.filter((key) => key !== '' && key !== '__proto__'),
      fc.constantFrom('app', 'appName', 'version', 'v', 'pid', 'meta.x', 'language', 'weight'),
    ),
    text,
  );
  fc.assert(
    fc.property(metadata, fc.nat(1000), fc.constantFrom('', 'blue', 'a&b'), (facts, weight, group) => {
      const instance = { ...KEY, group, address: '[::1]:12200', weight, metadata: { ...facts } };
      const node = providerNode(instance, NAME, FACTS);
      assert.doesNotMatch(node, /\//);
      const provider = parseProviderNode(node);
      assert.ok(provider && offers(provider, instance, NAME));
      assert.deepEqual(toInstance(provider, instance), instance);
      // Java takes what is before the first slash after the scheme for the address, and splits pairs at `=`.
      const [, rest = ''] = decodeURIComponent(node).split('://');
      assert.doesNotMatch(rest, /\//);
      for (const pair of rest.slice(rest.indexOf('?') + 1).split('&')) assert.equal(pair.split('=').length, 2, pair);
    }),
  );
});

test('any node name is read or passed over, never an error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true })), (node) => {
      const provider = parseProviderNode(node);
      if (provider !== undefined) toInstance(provider, KEY);
    }),
  );
});

test('a consumer is told with its app', () => {
  assert.equal(
    decodeURIComponent(consumerNode(KEY, NAME, '10.0.0.9', 'shop', FACTS)),
    'bolt://10.0.0.9?version=1.0&uniqueId=&interface=com.demo.Echo&appName=shop&startTime=1526050447423&pid=42' +
      '&language=weft&rpcVer=50400',
  );
});
