import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProviderRow, Scene } from './scene.ts';
import { renderLine } from './text.ts';
import { layOut, oneLine, stateOf } from './view.ts';

const READY: ProviderRow = {
  name: 'provider-1',
  address: '127.0.0.1:40231',
  phase: 'running',
  endpoint: { usable: true, reason: '' },
  calls: 1_234_567,
  perSecond: 4_999.6,
  withdrawnAfter: undefined,
};

function scene(changes: Partial<Scene> = {}): Scene {
  return {
    seconds: 75,
    mesh: { calls: 14_400, failures: 0, perSecond: 200.4, success: 1, p50: 0.391, p99: 12.34 },
    direct: { calls: 14_399, failures: 600, perSecond: 199.6, success: 0.999_99, p50: 0.161, p99: 340 },
    http: { calls: 14_398, failures: 0, perSecond: 200, success: 1, p50: 0.5, p99: 4 },
    grpc: { calls: 14_397, failures: 1, perSecond: 200, success: 0.9999, p50: 0.6, p99: 5 },
    directTo: 'provider-1',
    providers: [READY],
    links: [{ name: 'registry', url: 'http://127.0.0.1:34920/services' }],
    events: Array.from({ length: 20 }, (_, i) => ({ seconds: i, text: `event ${i}`, times: 1 })),
    hint: 'Try a.',
    keys: true,
    ...changes,
  };
}

const EMPTY_PATH = { calls: 0, failures: 0, perSecond: 0, success: undefined, p50: undefined, p99: undefined };

function draw(shown: Scene, rows: number, columns = 200): string[] {
  return layOut(shown, { rows, columns }).map((line) => renderLine(line, columns, false));
}

test('the calls of both paths and their difference', () => {
  const lines = draw(scene(), 40);
  assert.equal(lines[0], ' Weft  a consumer calls its providers over SOFARPC, HTTP and gRPC  1 min 15 s');
  assert.equal(lines[3], ' SOFARPC, two sidecars       200   100.00 %   0.39 ms   12.3 ms   0 of 14,400');
  assert.equal(lines[4], ' without, to provider-1      200    99.99 %   0.16 ms    340 ms   600 of 14,399');
  assert.equal(lines[5], ' the sidecars add                            +0.23 ms   −328 ms');
  assert.equal(lines[6], ' HTTP, two sidecars          200   100.00 %   0.50 ms   4.00 ms   0 of 14,398');
  assert.equal(lines[7], ' gRPC, two sidecars          200    99.99 %   0.60 ms   5.00 ms   1 of 14,397');
});

test('before the first call nothing is claimed', () => {
  const text = draw(scene({ mesh: EMPTY_PATH, http: EMPTY_PATH, direct: EMPTY_PATH, events: [] }), 40).join('\n');
  assert.match(text, / SOFARPC, two sidecars +0 +– +– +– +0 of 0$/m);
  assert.match(text, /what happened\n +nothing yet/);
});

test('at any height the calls, the providers and the keys are there', () => {
  for (const rows of [16, 20, 24, 30, 50]) {
    const text = draw(scene({ providers: [READY, { ...READY, name: 'provider-2' }] }), rows);
    assert.ok(text.length <= rows, `${text.length} lines in ${rows} rows`);
    const all = text.join('\n');
    for (const part of ['gRPC, two sidecars', 'provider-2', 'event 19', '[k] kill one']) assert.ok(all.includes(part));
  }
  assert.equal(draw(scene(), 5).length, 5);
});

test('at 80x24 what has just happened is there, with its number', () => {
  for (const count of [1, 2, 3, 4, 5]) {
    const sofa = Array.from({ length: count }, (_, i) => ({ ...READY, name: `provider-${i + 1}` }));
    const providers = [...sofa, { ...READY, name: 'shop' }, { ...READY, name: 'greeter' }];
    const sidecars = [{ name: 'consumer' }, ...providers].map(({ name }) => ({ name: `${name}'s sidecar`, url: '-' }));
    const links = [...sidecars, { name: 'registry', url: '-' }];
    const events = [...scene().events, { seconds: 21, text: 'only one left', times: 4 }];
    const lines = draw(scene({ providers, links, events }), 23, 79);
    assert.ok(lines.length <= 23);
    assert.ok(lines.filter((line) => / event \d+$/.test(line)).length >= 3, lines.join('\n'));
    assert.ok(lines.some((line) => line.endsWith(' only one left (×4)')));
    if (count <= 2) assert.ok(lines.some((line) => line.startsWith(" consumer's sidecar")));
  }
});

test('at 50 columns latencies, states and keys are there', () => {
  const lines = draw(scene(), 23, 49);
  assert.equal(lines[2], ' calls     calls/s    success       p50       p99');
  assert.equal(lines[3], ' SOFARPC       200   100.00 %   0.39 ms   12.3 ms');
  assert.equal(lines[5], ' added                         +0.23 ms   −328 ms');
  assert.equal(lines[7], ' gRPC          200    99.99 %   0.60 ms   5.00 ms');
  assert.equal(lines.at(-1), ' [a]dd  [k]ill  [s]top  [q]uit ');
  assert.ok(lines.some((line) => line.endsWith(' ready')));
});

test('what matters fits into 80 columns', () => {
  for (const line of draw(scene(), 40)) assert.ok(line.length < 80, line);
});

test('a line is cut to the width before its colours come in', () => {
  const line = [{ text: ' red', style: 'red' }, { text: 'plain' }] as const;
  assert.equal(renderLine(line, 9, false), ' redplain');
  assert.equal(renderLine(line, 8, false), ' redpla…');
  assert.equal(renderLine(line, 4, true), '\x1b[31m red\x1b[39m');
  assert.equal(renderLine(line, 3, true), '\x1b[31m r…\x1b[39m');
});

test('every state of a provider has words', () => {
  const text = (changes: Partial<ProviderRow>): string => stateOf({ ...READY, ...changes }).text;
  assert.equal(text({}), 'ready');
  assert.equal(text({ endpoint: undefined }), 'not known to the consumer');
  assert.equal(text({ endpoint: { usable: false, reason: 'cannot connect' } }), 'cannot connect');
  assert.equal(text({ phase: 'dead' }), 'dead, still listed');
  assert.equal(text({ phase: 'dead', endpoint: undefined, withdrawnAfter: 12 }), 'dead, withdrawn in 12 ms');
  assert.equal(text({ phase: 'dead', endpoint: undefined }), 'dead');
});

test('one line holds both paths', () => {
  assert.equal(
    oneLine(scene()),
    '1 min 15 s  sidecars 200/s 100.00 % p50 0.39 ms p99 12.3 ms failed 0 | ' +
      'direct 200/s 99.99 % p50 0.16 ms p99 340 ms failed 600 | ' +
      'HTTP 200/s 100.00 % p50 0.50 ms p99 4.00 ms failed 0 | gRPC 200/s 99.99 % p50 0.60 ms p99 5.00 ms failed 1 | 1 ready',
  );
});
