import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceInstance } from '../registry/registry.ts';
import { metadataOf, providerUrl } from './provider-url.ts';

function instance(metadata: Record<string, string>, protocol = 'bolt'): ServiceInstance {
  return { service: 'com.demo.Echo:1.0', protocol, group: '', address: '10.0.0.7:12200', weight: 100, metadata };
}

test('a provider url carries the names that SOFARPC reads', () => {
  const metadata = { version: '4.0', zone: 'RZ01A', app: 'shop', serialization: 'hessian2', timeout: '3000' };
  assert.equal(
    providerUrl(instance(metadata)),
    '10.0.0.7:12200?_TIMEOUT=3000&p=1&_SERIALIZETYPE=hessian2&app_name=shop&zone=RZ01A&v=4.0',
  );
});

test('the protocol of a url is that of its instance, as a number where SOFARPC has one', () => {
  assert.equal(providerUrl(instance({}, 'tr')), '10.0.0.7:12200?p=13');
  assert.equal(providerUrl(instance({}, 'rest')), '10.0.0.7:12200?p=rest');
});

test('values cannot break out of the query, and stay readable where they can', () => {
  const url = providerUrl(instance({ 'a=b': 'x&y#z%', list: '[m#1],n;o', lone: '\ud800' }));
  const query = new URLSearchParams(url.slice(url.indexOf('?')));
  assert.equal(query.get('a=b'), 'x&y#z%');
  assert.equal(query.get('list'), '[m#1],n;o');
  assert.equal(query.get('lone'), '\ufffd');
  assert.match(url, /list=\[m%231\],n;o/);
});

test('known properties become metadata and weight, others stay what they are', () => {
  const properties = { _TIMEOUT: '500', _WEIGHT: '30', app_name: 'shop', p: '13', color: 'blue', v: '3.0' };
  const { metadata, weight } = metadataOf({ serializeType: '4', appName: '', version: '', properties }, 'bolt');
  assert.deepEqual(metadata, { app: 'shop', serialization: 'hessian2', timeout: '500', version: '3.0', color: 'blue' });
  assert.equal(weight, 30);
});

test('nonsense in known properties falls back to what is usual', () => {
  const { metadata, weight } = metadataOf({ properties: { timeout: 'soon', weight: '-4' } }, 'bolt');
  assert.deepEqual(metadata, { serialization: 'hessian2', version: '4.0' });
  assert.equal(weight, 100);
  assert.equal(metadataOf({ properties: { weight: '0' } }, 'bolt').weight, 0);
});

test('of a service of HTTP nothing is said that it does not say itself', () => {
  assert.deepEqual(metadataOf({ properties: { color: 'blue' } }, 'http').metadata, { color: 'blue' });
  assert.deepEqual(metadataOf({ version: '2.1', properties: {} }, 'http').metadata, { version: '2.1' });
});
