import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startAdminServer } from '../../src/admin/admin-server.ts';
import type { AdminServer } from '../../src/admin/admin-server.ts';
import { clusterView, endpointView, fakeTarget, latencyView } from '../../src/admin/testing/fake-target.ts';
import type { FakeTarget } from '../../src/admin/testing/fake-target.ts';
import { systemClock } from '../../src/core/clock.ts';
import { WeftError } from '../../src/core/errors.ts';
import { createLogger } from '../../src/telemetry/log.ts';
import { parsePrometheus } from '../support/prometheus-text.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe('the admin interface over HTTP', () => {
  const lines: string[] = [];
  let target: FakeTarget;
  let server: AdminServer;

  /** With node:http, since fetch chooses Host, Origin and Sec-Fetch-* by itself. */
  async function ask(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
    const { host, port } = server.address;
    const request = httpRequest({ host, port, path, method, headers, agent: false }).end();
    const [response] = await once(request, 'response');
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
  }

  before(async () => {
    target = fakeTarget();
    target.clusterViews = [
      clusterView('com.demo.Echo:1.0', {
        totals: { ok: 3 },
        latency: latencyView({ 0.001: 2, [Infinity]: 2 }),
        endpoints: [endpointView('10.0.0.7:12200')],
      }),
      clusterView('com.demo.Pay:1.0'),
    ];
    const log = createLogger({ control: target.log, format: 'text', write: (line) => lines.push(line) });
    server = await startAdminServer({ address: { host: '127.0.0.1', port: 0 } }, { target, clock: systemClock, log });
  });

  after(() => server.close());

  test('live says yes, ready says why not', async () => {
    assert.equal((await ask('/live')).status, 200);
    assert.deepEqual(pick(await ask('/ready')), { status: 200, body: 'ready\n' });
    target.readyView = { ready: false, reason: 'the registry has not answered yet' };
    assert.deepEqual(pick(await ask('/ready')), {
      status: 503,
      body: 'not ready: the registry has not answered yet\n',
    });
    assert.equal((await ask('/live')).status, 200);
    target.readyView = { ready: true, reason: '' };
  });

  test('Prometheus can read the metrics, whatever peers are called', async () => {
    const { metricsOf } = target;
    metricsOf.counter('weft_requests_total', 'Requests.', { cluster: 'a"b\\c\nd{}', outcome: 'ok' }).add(7);
    metricsOf.gauge('weft_up', 'A help of\ntwo lines and a \\.').value = 1;
    metricsOf.histogram('weft_request_seconds', 'Time.', { cluster: 'a' }).observe(0.002);
    const { headers, body } = await ask('/metrics');
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    const families = parsePrometheus(body);
    const [requests] = families.get('weft_requests_total')?.samples ?? [];
    assert.deepEqual(requests?.labels, { cluster: 'a"b\\c\nd{}', outcome: 'ok' });
    assert.equal(requests?.value, 7);
    assert.equal(families.get('weft_request_seconds')?.kind, 'histogram');
    assert.equal(families.get('weft_up')?.help, 'A help of\ntwo lines and a \\.');
  });

  test('the config is shown as JSON and as YAML', async () => {
    const shown = JSON.parse((await ask('/config')).body);
    assert.equal(shown.config.registry.auth.credential, '[redacted]');
    assert.equal(shown.file, '/etc/weft/weft.yaml');
    assert.equal(shown.loadedAt, '2023-11-14T22:13:20.000Z');
    target.configView = { ...target.configView, lastError: 'line 1\nline: 2' };
    const { headers, body } = await ask('/config?format=yaml');
    target.configView = { ...target.configView, lastError: '' };
    assert.equal(headers['content-type'], 'text/yaml; charset=utf-8');
    assert.match(
      body,
      /^# \/etc\/weft\/weft\.yaml, loaded 2023-11-14 22:13:20Z\n# last reload refused: line 1\n# .*line: 2\n/,
    );
    assert.match(body, /\nregistry:\n {2}type: zookeeper\n/);
    assert.deepEqual(pick(await ask('/config?format=xml')), {
      status: 400,
      body: 'there is no format xml here, only json and yaml\n',
    });
  });

  test('clusters come as JSON and as a table, all or by name', async () => {
    const all = JSON.parse((await ask('/clusters')).body);
    assert.equal(all.total, 2);
    const [echo] = all.clusters;
    assert.equal(echo.name, 'com.demo.Echo:1.0');
    assert.equal(echo.endpoints[0].address, '10.0.0.7:12200');
    assert.deepEqual([echo.endpointCount, echo.usableCount], [1, 1]);
    // The second half lies above what the histogram can tell.
    assert.deepEqual(echo.latency, { p50: 0.001, p99: 20 });
    const some = JSON.parse((await ask('/clusters?name=pay')).body);
    assert.deepEqual(
      some.clusters.map(({ name }: { name: string }) => name),
      ['com.demo.Pay:1.0'],
    );
    const table = await ask('/clusters?format=text&name=echo');
    assert.match(table.headers['content-type'] ?? '', /^text\/plain/);
    assert.match(table.body, /^CLUSTER .*\ncom\.demo\.Echo:1\.0 +registry/);
  });

  test('no answer grows with the mesh', async () => {
    const few = target.clusterViews;
    const endpoints = Array.from({ length: 300 }, (_, i) => endpointView(`10.0.0.${i}:1`));
    target.clusterViews = Array.from({ length: 1000 }, (_, i) => clusterView(`svc-${i}`, { endpoints }));
    const list = JSON.parse((await ask('/clusters?page=5')).body);
    target.clusterViews = few;
    assert.deepEqual([list.total, list.page, list.pages, list.clusters.length], [1000, 5, 5, 200]);
    assert.equal(list.clusters[0].endpoints.length, 100);
    assert.equal(list.clusters[0].endpointCount, 300);
  });

  test('listeners and what the application has registered come as JSON', async () => {
    assert.equal(JSON.parse((await ask('/listeners')).body).listeners[0].address, '127.0.0.1:12220');
    assert.deepEqual(JSON.parse((await ask('/app')).body), {
      registry: { type: 'zookeeper', state: 'connected' },
      app: null,
    });
  });

  test('the log level is read, changed and told in the log', async () => {
    assert.equal(JSON.parse((await ask('/log')).body).level, 'info');
    const changed = await ask('/log?level=debug', {}, 'POST');
    assert.equal(changed.status, 200);
    assert.equal(JSON.parse(changed.body).level, 'debug');
    assert.equal(target.log.level, 'debug');
    // Falling silent is the last thing that is told.
    await ask('/log?level=off', {}, 'POST');
    assert.match(lines.at(-1) ?? '', /log level changed at the admin interface from=debug to=off/);
    await ask('/log?level=info', {}, 'POST');
    assert.match(lines.at(-1) ?? '', /from=off to=info/);
  });

  test('a level that does not exist changes nothing, and the answer names those that do', async () => {
    const { status, body } = await ask('/log?level=loud', {}, 'POST');
    assert.equal(status, 400);
    assert.equal(body, 'there is no level loud: POST /log?level= with one of debug, info, warn, error, off\n');
    assert.match((await ask('/log', {}, 'POST')).body, /^no level named: POST/);
    assert.equal((await ask('/log?level=__proto__', {}, 'POST')).status, 400);
    assert.equal(target.log.level, 'info');
  });

  test("the page's own buttons change the level and lead back to it", async () => {
    const { host, port } = server.address;
    const origin = `http://${host}:${port}`;
    const form = { origin, 'sec-fetch-site': 'same-origin', accept: 'text/html', 'content-length': '0' };
    const { status, headers } = await ask('/log?level=warn', form, 'POST');
    assert.deepEqual([status, headers.location], [303, '/']);
    assert.equal(target.log.level, 'warn');
    target.log.level = 'info';
  });

  test('help lists all paths, and each of them answers to GET and HEAD', async () => {
    const { body } = await ask('/help');
    const paths = body.match(/^\/\S*/gm) ?? [];
    assert.deepEqual(paths, [
      '/',
      '/live',
      '/ready',
      '/metrics',
      '/config',
      '/listeners',
      '/clusters',
      '/app',
      '/log',
      '/help',
    ]);
    for (const path of paths) {
      const get = await ask(path);
      const head = await ask(path, {}, 'HEAD');
      assert.equal(get.status, 200, path);
      assert.equal(Number(get.headers['content-length']), Buffer.byteLength(get.body), path);
      assert.deepEqual(pick(head), { status: 200, body: '' }, path);
      assert.equal(head.headers['content-type'], get.headers['content-type'], path);
      assert.equal(get.headers['x-content-type-options'], 'nosniff', path);
      assert.match(String(get.headers['content-security-policy']), /^default-src 'none'.*frame-ancestors 'none'/, path);
    }
  });

  test('an unknown path names the nearest and all others', async () => {
    const { status, body } = await ask('/cluster');
    assert.equal(status, 404);
    assert.match(body, /^there is no \/cluster here: did you mean \/clusters\?\n\n\/ +the state/);
    assert.match((await ask('/xyzzy%0a')).body, /^there is no \/xyzzy%0a here\n/);
  });

  test('a method that a path does not take is refused with those that it does', async () => {
    const { status, headers, body } = await ask('/ready', {}, 'POST');
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD']);
    assert.equal(body, '/ready takes GET, HEAD, not POST\n');
    assert.equal((await ask('/log', {}, 'DELETE')).headers.allow, 'GET, HEAD, POST');
  });

  test('a foreign Host or Origin gets nothing and changes nothing', async () => {
    const refused: readonly Readonly<Record<string, string>>[] = [
      { host: 'evil.example' },
      { host: 'evil.example', origin: 'http://evil.example' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    ];
    for (const headers of refused) {
      for (const [path, method] of [
        ['/config', 'GET'],
        ['/log?level=debug', 'POST'],
      ] as const) {
        const { status, body } = await ask(path, headers, method);
        assert.equal(status, 403, JSON.stringify(headers));
        assert.doesNotMatch(body, /registry/);
      }
    }
    assert.equal(target.log.level, 'info');
  });

  test('a body is not read, and one that is unfinished does not hold up the answer', async () => {
    const { host, port } = server.address;
    const socket = connect({ host, port });
    socket.write(`POST /log?level=info HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 1000000\r\n\r\nx`);
    const [first] = await once(socket, 'data');
    socket.destroy();
    assert.match(String(first), /^HTTP\/1\.1 200 OK[^]*connection: close/i);
  });

  test('a target that fails costs one answer, not the proxy', async () => {
    const { listeners } = target;
    target.listeners = () => {
      throw new Error('broken');
    };
    const { status, body } = await ask('/listeners');
    target.listeners = listeners;
    assert.deepEqual([status, body], [500, 'the proxy failed to answer: its log says why\n']);
    assert.match(lines.at(-1) ?? '', /the admin interface failed to answer path=\/listeners .*broken/);
    assert.equal((await ask('/live')).status, 200);
  });
});

describe('starting and stopping the admin interface', () => {
  const deps = { target: fakeTarget(), clock: systemClock };

  test('an address that is taken is told with what to do', async () => {
    const log = createLogger({ control: { level: 'off' }, format: 'text' });
    const first = await startAdminServer({ address: { host: '127.0.0.1', port: 0 } }, { ...deps, log });
    const again = startAdminServer({ address: first.address }, { ...deps, log });
    await assert.rejects(again, (error: unknown) => {
      assert.ok(error instanceof WeftError);
      assert.equal(error.code, 'listen');
      assert.match(
        error.message,
        /^the admin interface cannot listen at 127\.0\.0\.1:\d+: .*; free it or change admin\.address$/,
      );
      return true;
    });
    await first.close();
    const freed = await startAdminServer({ address: first.address }, { ...deps, log });
    await freed.close();
  });

  test('open to other machines it says once that anybody may read it', async () => {
    const lines: string[] = [];
    const log = createLogger({ control: { level: 'info' }, format: 'text', write: (line) => lines.push(line) });
    const server = await startAdminServer({ address: { host: '0.0.0.0', port: 0 } }, { ...deps, log });
    const reply = await fetch(`http://127.0.0.1:${server.address.port}/live`);
    assert.equal(reply.status, 200);
    await reply.text();
    await server.close();
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /warn .*no authentication.* address=0\.0\.0\.0:\d+/);
  });

  test('closing ends idle connections at once', async () => {
    const log = createLogger({ control: { level: 'off' }, format: 'text' });
    const server = await startAdminServer({ address: { host: '127.0.0.1', port: 0 } }, { ...deps, log });
    const socket = connect(server.address);
    socket.write('GET /live HTTP/1.1\r\nhost: localhost\r\n\r\n');
    const [first] = await once(socket, 'data');
    assert.match(String(first), /keep-alive/i);
    const ended = once(socket, 'close');
    socket.resume();
    await Promise.all([server.close(), ended]);
  });
});

function pick({ status, body }: Answer): Pick<Answer, 'status' | 'body'> {
  return { status, body };
}
