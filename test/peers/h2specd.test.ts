/** h2specd, the conformance suite for clients of HTTP/2, against the connections that `weft proxy` opens to endpoints. */
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { freeHost, freePort, startChild, waitUntil, type Owner } from '../support/children.ts';
import { goProgram } from '../support/go.ts';
import { startHttpProxy } from '../support/http-mesh.ts';

/** How many there are in this version: one that was left out must not look like one that passed. */
const CASES = 57;
/** Each case is a server of its own, on the ports from here on. */
const FROM_PORT = 20_001;
/** A case waits for up to 2 s for each frame that does not come. */
const RUN_MS = 60_000;

test('every case passes with a connection of the proxy', async (t) => {
  const report = await startH2specd(t);
  const servers = await report();
  const { port } = await startHttpProxy(t, {
    clusters: servers.map(({ address }, i) => ({ name: `case-${i}`, endpoints: [address] })),
    clusterDefaults: { http: { version: 'http2' } },
  });
  for (const i of servers.keys()) ask(t, port, `case-${i}`);

  const cases = await waitUntil(
    async () => {
      const all = await report();
      const running = all.filter(({ outcome }) => outcome === '');
      if (running.length > 0) throw new Error(`not yet: ${running.map(({ title }) => title).join('; ')}`);
      return all;
    },
    { what: 'every case has ended', ms: RUN_MS, every: 200 },
  );
  assert.deepEqual(
    cases.filter(({ outcome }) => outcome !== PASSED).map(({ title, outcome }) => `${title}: ${outcome}`),
    [],
  );
  assert.equal(cases.length, CASES);
});

/** Sends a request, which makes the proxy connect. Few of the servers answer: nobody waits for that. */
function ask(owner: Owner, port: number, host: string): void {
  const request = get({ host: '127.0.0.1', port, headers: { host }, agent: false });
  request.on('response', (response) => response.on('error', () => undefined).resume());
  request.on('error', () => undefined);
  owner.after(async () => void request.destroy());
}

interface Case {
  readonly title: string;
  /** host:port of its server. */
  readonly address: string;
  /** Of its last connection: PASSED, or what was expected and what came; '' while there was none. */
  readonly outcome: string;
}

const PASSED = '✔';

/** Starts the servers; what it returns tells how it stands with each. */
async function startH2specd(owner: Owner): Promise<() => Promise<readonly Case[]>> {
  const program = await goProgram('h2specd');
  const host = await freeHost(Array.from({ length: CASES }, (_, i) => FROM_PORT + i));
  const reportPort = await freePort(host);
  await startChild(program, ['--host', host, '--port', String(reportPort), '--from-port', String(FROM_PORT)], {
    name: 'h2specd',
    ready: /^Report server is listened at/,
    owner,
  });
  const report = async (): Promise<Case[]> =>
    readReport(await (await fetch(`http://${host}:${reportPort}/report`)).text());
  // It says that it listens just before it does.
  await waitUntil(report, { what: 'h2specd reports' });
  return report;
}

const REPORTED =
  /<span[^>]*>(?<mark>[^<]*)<\/span><a href="http:\/\/(?<address>[^/"]*)\/"[^>]*>[^<]*<\/a>(?<title>.*?)<\/div>(?<why>(?:<div style.*?<\/div>)*)/gs;

/** Reads the page that h2specd has for people: each case, its mark, and under one that failed the reasons. */
function readReport(html: string): Case[] {
  return Array.from(html.matchAll(REPORTED), ({ groups = {} }) => {
    const { mark = '', address = '', title = '', why = '' } = groups;
    const outcome = [mark, why].map(plainText).filter(Boolean).join(' ');
    return { title: plainText(title), address, outcome };
  });
}

function plainText(markup: string): string {
  return markup
    .replaceAll(/<[^>]*>|&nbsp;/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
