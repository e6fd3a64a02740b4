import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../core/manual-clock.ts';
import { FakeProbe, settle } from '../testing/fakes.ts';
import { CheckService } from './check-service.ts';

function setUp() {
  const url = 'http://127.0.0.1:9500/checkService';
  const clock = new ManualClock();
  const probe = new FakeProbe();
  const check = new CheckService({ url, interval: 15_000, timeout: 3000 }, { clock, probe }, () => {});
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await settle();
  };
  return { clock, probe, check, advance };
}

test('an answer counts at once, either way', async () => {
  const { probe, check, advance, clock } = setUp();
  probe.answer = { status: 200, firstLine: 'passed:true' };
  check.checkNow();
  await settle();
  assert.equal(check.verdict.state, 'healthy');
  for (const answer of [
    { status: 200, firstLine: 'passed:false' },
    { status: 503, firstLine: 'passed:true' },
    { status: 200, firstLine: '' },
  ]) {
    probe.answer = answer;
    await advance(15_000);
    assert.equal(check.verdict.state, 'unhealthy');
    probe.answer = { status: 200, firstLine: 'passed:true' };
    await advance(15_000);
    assert.equal(check.verdict.state, 'healthy');
  }
  check.close();
  assert.equal(clock.pending, 0);
});

test('no answer counts when the next poll confirms it', async () => {
  const { probe, check, advance } = setUp();
  probe.answer = { status: 200, firstLine: 'passed:true' };
  check.checkNow();
  await settle();
  probe.answer = undefined;
  await advance(15_000);
  await advance(3000);
  assert.equal(check.verdict.state, 'healthy');
  await advance(1000);
  await advance(3000);
  assert.deepEqual(check.verdict, {
    state: 'unhealthy',
    reason: 'checkService at 127.0.0.1:9500: no answer within 3000 ms',
  });
  probe.answer = new Error('connection refused');
  await advance(15_000);
  assert.match(check.verdict.reason, /connection refused/);
  check.close();
});

test('closing gives up the poll under way', async () => {
  const { probe, check, clock } = setUp();
  check.checkNow();
  check.close();
  check.checkNow();
  await settle();
  assert.equal(probe.calls, 1);
  assert.equal(clock.pending, 0);
  assert.equal(check.verdict.state, 'unknown');
});
