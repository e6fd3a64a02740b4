/** Programs that other people wrote, through a running proxy: curl, nghttp, h2load, wrk and autocannon, against nginx and Node. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import type { Owner } from '../support/children.ts';
import { ensureDebian } from '../support/debian.ts';
import { cluster, startHttpProxy, type HttpProxy } from '../support/http-mesh.ts';
import { startHttpServer, type Handler } from '../support/http-peers.ts';
import { startNginx } from '../support/nginx.ts';
import { Seeded } from '../support/seeded.ts';
import { npmTool } from '../support/npm-tool.ts';
import { runTool } from '../support/tool.ts';

const SMALL = 'hello\n';
/** No multiple of any window: see below. */
const LARGE = new Seeded(7).bytes((8 << 20) + 4321);
const BACKENDS = ['nginx1', 'nginx2', 'node1', 'node2'] as const;
const CURL_VERSIONS = ['--http1.0', '--http1.1', '--http2-prior-knowledge'] as const;

/** Sends back what it is sent; has the same files as nginx. */
const echo: Handler = (asked, response) => {
  if (asked.method === 'POST' || asked.method === 'PUT') return void asked.pipe(response);
  response.end(asked.url === '/large' ? LARGE : SMALL);
};

/** nginx and Node, each with HTTP/1 and HTTP/2, as clusters of these names. */
async function startScene(owner: Owner): Promise<HttpProxy> {
  await ensureDebian(['curl', 'nghttp2-client', 'wrk', 'nginx']);
  const nginx = await startNginx(owner, { small: SMALL, large: LARGE });
  const [node1, node2] = [await startHttpServer(owner, 'http1', echo), await startHttpServer(owner, 'http2', echo)];
  const http1 = { http: { version: 'http1' } };
  const http2 = { http: { version: 'http2' } };
  return startHttpProxy(owner, {
    clusters: [
      cluster('nginx1', nginx.http1, http1),
      cluster('nginx2', nginx.http2, http2),
      cluster('node1', node1.port, http1),
      cluster('node2', node2.port, http2),
    ],
  });
}

function isLarge(bytes: Buffer): void {
  const digest = (of: Buffer): string => createHash('sha256').update(of).digest('hex');
  assert.deepEqual([bytes.length, digest(bytes)], [LARGE.length, digest(LARGE)]);
}

/** The number that a pattern finds in what a program said. */
function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  assert.ok(found !== undefined, `${pattern} is not in:\n${text}`);
  return Number(found);
}

test('foreign programs of HTTP', async (t) => {
  const proxy = await startScene(t);
  const url = (path: string): string => `http://127.0.0.1:${proxy.port}${path}`;
  const autocannon = npmTool('autocannon@8.0.0');
  const failed = (): Promise<number> => proxy.metric('weft_requests_total', { outcome: 'connection_lost' });

  for (const backend of BACKENDS) {
    for (const version of CURL_VERSIONS) {
      await t.test(`curl ${version} to ${backend}`, async () => {
        const fixed = ['--silent', '--show-error', '--fail', '--max-time', '30', version, '-H', `Host: ${backend}`];
        const curl = async (args: readonly string[], input?: Buffer): Promise<Buffer> =>
          (await runTool('curl', [...fixed, ...args], 60_000, input)).stdout;
        isLarge(await curl([url('/large')]));
        // Debian 12's own curl uses a connection of HTTP/2 with prior knowledge once, also without a proxy.
        const count = version === '--http2-prior-knowledge' ? 1 : 20;
        const many = Array.from({ length: count }, () => url('/small'));
        assert.equal((await curl(many)).toString(), SMALL.repeat(count));
        assert.match((await curl(['--head', url('/small')])).toString(), /^HTTP\/(1\.1|2) 200/);
        if (!backend.startsWith('node')) return;
        const type = 'Content-Type: application/octet-stream';
        isLarge(await curl(['--data-binary', '@-', '-H', type, url('/post')], LARGE));
        if (version === '--http1.0') return;
        // From a pipe it has no length, and curl waits for 100 (Continue) first.
        isLarge(await curl(['-T', '-', '-H', 'Expect: 100-continue', url('/put')], LARGE));
      });
    }

    await t.test(`nghttp to ${backend}`, async () => {
      const header = ['-H', `:authority: ${backend}`];
      const { stdout } = await runTool('nghttp', [...header, '--no-dep', url('/large')]);
      isLarge(stdout);
      const { stdout: stats } = await runTool('nghttp', [...header, '-n', '-s', '-m', '50', url('/small')]);
      assert.equal(stats.toString().match(/ 200 +\d+ +\/small/g)?.length, 50, stats.toString());
    });

    await t.test(`h2load to ${backend}, over HTTP/2 and HTTP/1`, async () => {
      for (const version of [['-m', '8'], ['--h1']]) {
        const args = [...version, '-c', '16', '-n', '5000', '-H', `:authority: ${backend}`, url('/small')];
        const text = (await runTool('h2load', args)).stdout.toString();
        assert.equal(numberIn(text, /(\d+) succeeded/), 5_000, text);
        assert.equal(numberIn(text, /(\d+) 2xx/), 5_000, text);
      }
      // Three at a time do not use up the window of a connection. When it is empty at the end of a response, Node's
      // server sends RST_STREAM with NO_ERROR in place of END_STREAM, and nobody can tell whether that was all.
      const args = ['-c', '3', '-n', '30', '-H', `:authority: ${backend}`, url('/large')];
      const text = (await runTool('h2load', args)).stdout.toString();
      assert.equal(numberIn(text, /(\d+) succeeded/), 30, text);
    });

    await t.test(`wrk to ${backend}`, async () => {
      const args = ['-t', '1', '-c', '32', '-d', '1', '-H', `Host: ${backend}`, url('/small')];
      const text = (await runTool('wrk', args)).stdout.toString();
      assert.ok(numberIn(text, /(\d+) requests in/) > 500, text);
      assert.doesNotMatch(text, /Non-2xx|Socket errors/);
    });

    await t.test(`autocannon to ${backend}, with pipelining`, async () => {
      const program = [await autocannon, '-c', '16', '-p', '4', '-d', '1', '-j', '-n'];
      const { stdout } = await runTool(process.execPath, [...program, '-H', `host=${backend}`, url('/small')]);
      const told = JSON.parse(stdout.toString()) as Record<'errors' | 'timeouts' | 'non2xx' | '2xx', number>;
      assert.deepEqual([told.errors, told.timeouts, told.non2xx], [0, 0, 0], stdout.toString());
      assert.ok(told['2xx'] > 500, stdout.toString());
    });

    await t.test(`undici to ${backend}, with pipelining`, async () => {
      const dispatcher = new Agent({ connections: 8, pipelining: 10 });
      const one = async (): Promise<void> => {
        for (let i = 0; i < 50; i++) {
          const { statusCode, body } = await request(url('/small'), { dispatcher, headers: { host: backend } });
          assert.deepEqual([statusCode, await body.text()], [200, SMALL]);
        }
      };
      await Promise.all(Array.from({ length: 64 }, one));
      await dispatcher.close();
    });
  }

  await t.test('no connection was lost', async () => assert.equal(await failed(), 0));
});
