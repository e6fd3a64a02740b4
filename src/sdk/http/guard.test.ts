import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { refusalOfOtherSites, refusalOfPages } from './guard.ts';

const BOUND = '127.0.0.1';

describe('a server for programs alone', () => {
  test('answers programs that call it by a loopback address, localhost or the bound host', () => {
    for (const host of ['127.0.0.1:13330', 'localhost:13330', 'LOCALHOST', '[::1]:13330', '127.1.2.3']) {
      assert.equal(refusalOfPages({ host }, BOUND), undefined, host);
    }
    assert.equal(refusalOfPages({ host: 'weft.internal:13330' }, 'weft.internal'), undefined);
  });

  test('refuses names that were pointed at it, and a request without a host', () => {
    for (const host of ['evil.example:13330', 'evil.example', '127.0.0.1.evil.example', '', '10.0.0.7', 'localhost.']) {
      assert.match(
        refusalOfPages({ host }, BOUND) ?? '',
        /answers to 127\.0\.0\.1 or localhost, not to the host/,
        host,
      );
    }
    assert.match(refusalOfPages({}, BOUND) ?? '', /not to the host ""/);
  });

  test('refuses pages, also those that come from its own address', () => {
    const host = '127.0.0.1:13330';
    assert.match(refusalOfPages({ host, origin: `http://${host}` }, BOUND) ?? '', /Origin/);
    assert.match(refusalOfPages({ host, 'sec-fetch-site': 'same-origin' }, BOUND) ?? '', /web pages/);
    assert.equal(refusalOfPages({ host, 'sec-fetch-site': 'none' }, BOUND), undefined);
  });

  test('listening everywhere, it answers to any address, for rebinding needs a name', () => {
    assert.equal(refusalOfPages({ host: '10.0.0.7:13330' }, '0.0.0.0'), undefined);
    assert.equal(refusalOfPages({ host: '[fd00::7]:13330' }, '::'), undefined);
    assert.match(refusalOfPages({ host: 'evil.example' }, '0.0.0.0') ?? '', /localhost or an IP address/);
  });
});

describe('a server with pages of its own', () => {
  const host = '127.0.0.1:34901';

  test('lets its own pages do all', () => {
    const own = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    assert.equal(refusalOfOtherSites('POST', own, BOUND), undefined);
    assert.equal(refusalOfOtherSites('GET', { host }, BOUND), undefined);
  });

  test('refuses the pages of others, on this machine too', () => {
    for (const origin of ['http://evil.example', 'http://127.0.0.1:8080', 'https://127.0.0.1:34901', 'null']) {
      assert.match(refusalOfOtherSites('POST', { host, origin }, BOUND) ?? '', /Origin is not this server/, origin);
    }
    const image = { host, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
    assert.match(refusalOfOtherSites('GET', image, BOUND) ?? '', /other web pages/);
  });

  test('a link of another page may lead here, a form or a frame may not', () => {
    const link = {
      host,
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    assert.equal(refusalOfOtherSites('GET', link, BOUND), undefined);
    assert.match(refusalOfOtherSites('POST', link, BOUND) ?? '', /other web pages/);
    assert.match(refusalOfOtherSites('GET', { ...link, 'sec-fetch-dest': 'iframe' }, BOUND) ?? '', /other web pages/);
  });

  test('a name that was pointed here is refused, though its Origin is the same', () => {
    const rebound = { host: 'evil.example', origin: 'http://evil.example', 'sec-fetch-site': 'same-origin' };
    assert.match(refusalOfOtherSites('GET', rebound, BOUND) ?? '', /not to the host/);
  });
});
