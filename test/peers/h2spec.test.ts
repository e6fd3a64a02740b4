/** h2spec, the conformance suite for servers of HTTP/2, against a listener of `weft proxy`, strict cases included. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCertificate } from '../support/certificate.ts';
import { startChild, type Owner } from '../support/children.ts';
import { goProgram } from '../support/go.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { startHttpServer, type Version } from '../support/http-peers.ts';
import { temporaryFolder } from '../support/mesh.ts';

/** How many there are in this version: one that was left out must not look like one that passed. */
const CASES = 146;
/** A case that fails by silence takes seconds. */
const RUN_MS = 5 * 60_000;

test('over TLS, where ALPN has agreed on HTTP/2, every case passes', async (t) => {
  for (const version of ['http1', 'http2'] as const) {
    const tls = await makeCertificate(t);
    const port = await startProxy(t, version, { tls });
    assert.deepEqual(await runH2spec(t, port, ['--tls', '--insecure']), { cases: CASES, failed: [] });
  }
});

test('in clear text, where HTTP/2 alone is spoken, every case passes', async (t) => {
  const port = await startProxy(t, 'http1', { http: { versions: ['http2'], routes: [{ cluster: 'shop' }] } });
  assert.deepEqual(await runH2spec(t, port, []), { cases: CASES, failed: [] });
});

test('in clear text, where both versions are, every case passes but the preface that is none: there it is a bad request of HTTP/1', async (t) => {
  const port = await startProxy(t, 'http1');
  const { cases, failed } = await runH2spec(t, port, []);
  assert.equal(cases, CASES);
  // Answered by 400 and the end of the connection, as a port that takes HTTP/1 as well must; h2spec wants no answer.
  assert.deepEqual(failed, ['http2/3.5 Sends invalid connection preface']);
});

/** A proxy before a server that answers whatever it is asked; the listener's port. */
async function startProxy(owner: Owner, version: Version, listener: object = {}): Promise<number> {
  const server = await startHttpServer(owner, version, (request, response) =>
    request.resume().on('end', () => response.end('hello')),
  );
  const proxy = await startHttpProxy(owner, {
    listener: { http: { routes: [{ cluster: 'shop' }] }, ...listener },
    clusters: [cluster('shop', server.port, { http: { version } })],
  });
  return proxy.port;
}

interface Outcome {
  readonly cases: number;
  /** Section and title of each case that failed or was skipped. */
  readonly failed: readonly string[];
}

async function runH2spec(owner: Owner, port: number, options: readonly string[]): Promise<Outcome> {
  const report = join(await temporaryFolder(owner), 'report.xml');
  const target = ['--host', '127.0.0.1', '--port', String(port), ...options];
  const h2spec = await startChild(await goProgram('h2spec'), ['--strict', '--junit-report', report, ...target], {
    name: 'h2spec',
    owner,
  });
  await h2spec.waitFor(/^\d+ tests, \d+ passed, \d+ skipped, \d+ failed$/, RUN_MS);
  await h2spec.exit;
  return readReport(await readFile(report, 'utf8'));
}

/** Reads JUnit's XML as h2spec writes it: an element a line, and what went wrong inside a case. */
function readReport(xml: string): Outcome {
  const cases = [...xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)<\/testcase>/gs)];
  const failed = cases.filter(([, , , inside = '']) => /<(failure|error|skipped)\b/.test(inside));
  return { cases: cases.length, failed: failed.map(([, section, title]) => `${section} ${title}`) };
}
