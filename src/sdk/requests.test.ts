import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseApplication, parsePublish, parseSelector, parseSubscribe } from './requests.ts';

const SERVICE = 'com.demo.Echo:1.0';

test('what the Java SDK publishes: bolt, no port, nulls', () => {
  const publication = parsePublish({
    serviceName: SERVICE,
    protocolType: 'bolt',
    group: null,
    onlyPublishInCloud: false,
    providerMetaInfo: {
      protocol: 'bolt',
      version: '4.0',
      serializeType: 'hessian2',
      appName: 'shop',
      properties: { a: 'b', empty: null },
    },
  });
  assert.deepEqual(publication, {
    service: SERVICE,
    protocol: 'bolt',
    group: '',
    port: undefined,
    onlyPublishInCloud: false,
    weight: 100,
    metadata: { app: 'shop', serialization: 'hessian2', version: '4.0', a: 'b' },
  });
});

test('a service without a version is its version 1.0, as its callers name it', () => {
  const body = { serviceName: 'com.demo.Echo' };
  for (const parse of [parsePublish, parseSubscribe]) assert.equal(parse(body).service, SERVICE);
  assert.equal(parsePublish({ serviceName: 'com.demo.Echo:2.0:blue' }).service, 'com.demo.Echo:2.0:blue');
});

test('the default group has a name in Node and none in Java', () => {
  const body = { serviceName: SERVICE, protocolType: 'bolt' };
  for (const group of ['SOFA', '', null]) {
    assert.equal(parsePublish({ ...body, group }).group, '');
    assert.equal(parseSubscribe({ ...body, group }).group, '');
    assert.equal(parseSelector({ ...body, group }).group, undefined);
  }
  assert.equal(parseSubscribe({ ...body, group: 'blue' }).group, 'blue');
});

test('what the Node SDK publishes: DEFAULT, a flat providerMetaInfo', () => {
  const publication = parsePublish({
    serviceName: SERVICE,
    protocolType: 'DEFAULT',
    port: 12199,
    providerMetaInfo: { appName: 'shop', _TIMEOUT: 500, protocol: 'bolt', nested: {} },
  });
  assert.equal(publication.protocol, 'bolt');
  assert.equal(publication.port, 12199);
  assert.equal(publication.metadata['timeout'], '500');
  assert.equal('nested' in publication.metadata, false);
});

test('protocols and ports are read in every spelling', () => {
  for (const protocolType of ['DEFAULT', 'default', '', null, undefined, 'Bolt', ' bolt ']) {
    assert.equal(parsePublish({ serviceName: SERVICE, protocolType }).protocol, 'bolt');
    assert.equal(parseSubscribe({ serviceName: SERVICE, protocolType }).protocol, 'bolt');
  }
  for (const protocolType of ['http', 'HTTP2', 'h2', 'h2c', 'gRPC', 'REST']) {
    assert.equal(parsePublish({ serviceName: SERVICE, protocolType }).protocol, 'http');
  }
  assert.equal(parsePublish({ serviceName: SERVICE, protocolType: 'TR' }).protocol, 'tr');
  for (const port of ['12199', 12199, ' 12199 '])
    assert.equal(parsePublish({ serviceName: SERVICE, port }).port, 12199);
  for (const port of ['', null]) assert.equal(parsePublish({ serviceName: SERVICE, port }).port, undefined);
});

test('all that SDKs send is known: Node and Python DEFAULT, Java the protocol of its server, MOSN its examples', () => {
  const java = ['bolt', 'http', 'h2c', 'h2', 'rest', 'tri', 'tr', 'xfire', 'https'];
  for (const protocolType of ['DEFAULT', ...java, 'XFIRE', 'dubbo', 'springcloud', 'tcp']) {
    parsePublish({ serviceName: SERVICE, protocolType });
  }
});

test('a protocol that nobody knows is refused with the nearest one and all that there are', () => {
  const known =
    'bolt, default, http, http1, http2, h2, h2c, grpc, rest, tcp, tr, tri, xfire, https, dubbo, springcloud';
  for (const parse of [parsePublish, parseSubscribe, parseSelector]) {
    assert.throws(() => parse({ serviceName: SERVICE, protocolType: 'gprc' }), {
      code: 'bad_request',
      message: `protocolType 'gprc' is not known; did you mean grpc? The protocols are ${known}`,
    });
  }
  assert.throws(() => parsePublish({ serviceName: SERVICE, protocolType: 'a/b' }), {
    message: `protocolType 'a/b' is not known; the protocols are ${known}`,
  });
  for (const protocolType of ['constructor', 'toString', 'bolt2x\n']) {
    assert.throws(() => parsePublish({ serviceName: SERVICE, protocolType }), /is not known/);
  }
});

test('a service of HTTP is named as callers name its host, and has no version', () => {
  const names = (serviceName: string, protocolType: string): string[] => [
    parsePublish({ serviceName, protocolType }).service,
    parseSubscribe({ serviceName, protocolType }).service,
  ];
  assert.deepEqual(names('Shop.HTTP', 'grpc'), ['shop.http', 'shop.http']);
  assert.deepEqual(names(SERVICE, 'rest'), [SERVICE, SERVICE]);
  assert.deepEqual(names('Shop', 'bolt'), ['Shop:1.0', 'Shop:1.0']);
});

test('every fault of a body is told, each with its place', () => {
  assert.throws(() => parsePublish({ serviceName: ' ', port: 70000, providerMetaInfo: { properties: [{}] } }), {
    code: 'bad_request',
    message:
      'serviceName is required, as interface:version[:uniqueId], or for HTTP the host; port must be 1 to 65535; ' +
      'providerMetaInfo.properties.0 must be a text',
  });
  assert.throws(() => parsePublish({ serviceName: 'a b' }), /serviceName must not hold blanks/);
  assert.throws(() => parsePublish({ serviceName: 'x'.repeat(2000) }), /at most 1024/);
  assert.throws(
    () => parseSubscribe({ serviceName: SERVICE, targetAppAddress: 'not an address' }),
    /targetAppAddress must/,
  );
  assert.throws(() => parseApplication({}), /appName is required/);
});

test('keys of an application are dropped, and so are passwords in urls', () => {
  const application = parseApplication({
    appName: 'shop',
    accessKey: 'AK',
    secretKey: 'hush',
    antShareCloud: 'true',
    registryEndpoint: 'http://user:pass@registry.demo.com:9600/x',
    more: { of: 'this' },
  });
  assert.deepEqual(application, {
    appName: 'shop',
    zone: '',
    dataCenter: '',
    antShareCloud: true,
    deployMode: false,
    masterSystem: false,
    cloudName: '',
    hostMachine: '',
    registryEndpoint: 'http://registry.demo.com:9600/x',
  });
});

test('a selector keeps apart what was named from what was left out', () => {
  assert.deepEqual(parseSelector({ serviceName: SERVICE, protocolType: null }), {
    service: SERVICE,
    protocol: undefined,
    group: undefined,
  });
  assert.equal(parseSelector({ serviceName: SERVICE, protocolType: 'DEFAULT' }).protocol, 'bolt');
});
