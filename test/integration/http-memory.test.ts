/** The memory of a running proxy does not grow with what passes through it, nor with those who read slowly. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as requestHttp1 } from 'node:http';
import { connect } from 'node:http2';
import { test } from 'node:test';
import { memoryOf } from '../../bench/measure/process-usage.ts';
import type { Owner } from '../support/children.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { openCaller, startHttpServer, type Handler, type Version } from '../support/http-peers.ts';
import { standsStill } from '../support/pressure.ts';

const MIB = 1 << 20;
const GIB = 1 << 30;
/** Most of it is what the garbage collector lets lie. */
const MAX_GROWTH = 96 * MIB;
const BLOCK = Buffer.alloc(256 << 10, 'abcdefgh');

/** The most that a process has had beyond what it has now, looked at until the owner is done. */
function watchPeak(owner: Owner, pid: number): () => number {
  const before = memoryOf(pid).resident;
  let most = before;
  const look = (): void => void (most = Math.max(most, memoryOf(pid).resident));
  const timer = setInterval(() => {
    try {
      look();
    } catch {
      // The test is over, and the process with it.
      clearInterval(timer);
    }
  }, 50);
  owner.after(async () => clearInterval(timer));
  return () => {
    look();
    return most - before;
  };
}

/** So many octets, as fast as they are taken. */
async function pour(into: NodeJS.WritableStream, octets: number, onSent?: (sent: number) => void): Promise<void> {
  for (let sent = 0; sent < octets; sent += BLOCK.length) {
    onSent?.(sent);
    if (!into.write(BLOCK)) await once(into, 'drain');
  }
  into.end();
}

async function count(from: AsyncIterable<unknown>): Promise<number> {
  let octets = 0;
  for await (const part of from) octets += (part as Buffer).length;
  return octets;
}

/** GET is answered with a body, POST with its own length. */
function serveLarge(octets: number, onSent?: (sent: number) => void): Handler {
  return async (request, response) => {
    if (request.method === 'GET') return pour(response, octets, onSent).catch(() => undefined);
    response.end(String(await count(request)));
  };
}

/** By Node's own clients, whose bodies are streams. Returns how much has come, or what the server says that it got. */
async function transfer(owner: Owner, version: Version, port: number, upload: number): Promise<number> {
  const { sent, answer } = version === 'http1' ? ask(port, upload > 0) : askHttp2(owner, port, upload > 0);
  if (upload > 0) await pour(sent, upload);
  else sent.end();
  const from = await answer;
  return upload > 0 ? Number(await textOf(from)) : count(from);
}

interface Exchange {
  readonly sent: NodeJS.WritableStream;
  readonly answer: Promise<AsyncIterable<unknown>>;
}

function ask(port: number, post: boolean): Exchange {
  const sent = requestHttp1({ host: '127.0.0.1', port, method: post ? 'POST' : 'GET', headers: { host: 'shop' } });
  return { sent, answer: once(sent, 'response').then(([response]) => response as AsyncIterable<unknown>) };
}

function askHttp2(owner: Owner, port: number, post: boolean): Exchange {
  const session = connect(`http://127.0.0.1:${port}`);
  owner.after(async () => session.destroy());
  const stream = session.request({ ':method': post ? 'POST' : 'GET', ':authority': 'shop' }, { endStream: !post });
  return { sent: stream, answer: once(stream, 'response').then(() => stream) };
}

async function textOf(from: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const part of from) text += String(part);
  return text;
}

for (const version of ['http1', 'http2'] satisfies Version[]) {
  test(`1 GiB in each direction over ${version}`, async (t) => {
    const server = await startHttpServer(t, version, serveLarge(GIB));
    const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
    const grown = watchPeak(t, proxy.pid);
    assert.equal(await transfer(t, version, proxy.port, 0), GIB);
    t.diagnostic(`down: ${(grown() / MIB).toFixed(1)} MiB`);
    assert.equal(await transfer(t, version, proxy.port, GIB), GIB);
    t.diagnostic(`and up: ${(grown() / MIB).toFixed(1)} MiB`);
    assert.ok(grown() < MAX_GROWTH, `${grown()} octets`);
  });

  test(`a reader of 256 MiB that stops holds up its server alone, over ${version}`, async (t) => {
    let sent = 0;
    const server = await startHttpServer(
      t,
      version,
      serveLarge(256 * MIB, (octets) => (sent = octets)),
    );
    const proxy = await startHttpProxy(t, { clusters: [cluster('shop', server.port)] });
    const grown = watchPeak(t, proxy.pid);
    const { body } = await (await openCaller(t, version, proxy.port)).open({ path: '/' });
    await once(body, 'readable');
    const stuck = await standsStill('the server', () => sent);
    t.diagnostic(
      `the server has sent ${(stuck / MIB).toFixed(1)} MiB, the proxy has grown by ${(grown() / MIB).toFixed(1)}`,
    );
    assert.ok(stuck < 32 * MIB, `${stuck} octets sent`);
    assert.ok(grown() < MAX_GROWTH, `${grown()} octets`);
    assert.equal(await count(body), 256 * MIB);
    assert.ok(grown() < MAX_GROWTH, `${grown()} octets`);
  });
}
