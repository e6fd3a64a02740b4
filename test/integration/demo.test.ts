/** `weft demo` as a stranger runs it, out of the bundle: what it shows is true, and nothing of it stays. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startChild, waitUntil } from '../support/children.ts';
import type { Child } from '../support/children.ts';

const WEFT = join(import.meta.dirname, '../../dist/weft.mjs');
const RUNNING = /^✓ consumer {2,}pid/;

async function startDemo(t: TestContext, ...args: string[]): Promise<Child> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-test-'));
  return startDemoIn(folder, t, ...args);
}

async function startDemoIn(folder: string, t: TestContext, ...args: string[]): Promise<Child> {
  const env = { TMPDIR: folder };
  const demo = await startChild(process.execPath, [WEFT, 'demo', ...args], {
    name: 'demo',
    ready: RUNNING,
    owner: t,
    env,
  });
  t.after(() => rm(folder, { recursive: true, force: true }));
  return demo;
}

/** The processes that the demo says it has started, by their names. */
function membersOf(demo: Child): Map<string, number> {
  const members = new Map<string, number>();
  for (const line of demo.output) {
    const match = /^✓ (.+?) +pid (\d+)/.exec(line);
    if (match !== null) members.set(match[1] ?? '', Number(match[2]));
  }
  return members;
}

function alive(pids: Iterable<number>): number[] {
  return [...pids].filter((pid) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  });
}

/** Members end by themselves, one after the other; none may stay. */
async function untilNoneIsLeft(demo: Child): Promise<void> {
  const pids = [...membersOf(demo).values()];
  assert.ok(pids.length >= 9, `the demo has told of its processes\n${demo.tail()}`);
  await waitUntil(() => alive(pids).length === 0, { what: `all of ${pids.join(', ')} have ended` });
}

test('the tour: a second provider comes, the first is killed, and no call fails', async (t) => {
  const demo = await startDemo(t, '--tour', '--seconds', '14');
  await demo.waitFor(/provider-2 and its sidecar have appeared/);
  await demo.waitFor(/provider-1 was killed with SIGKILL/);
  await demo.waitFor(/provider-1's sidecar took it out of the registry/);
  const { code } = await demo.exit;
  assert.equal(code, 0, demo.tail());
  const [, calls = '', failed] = /^([\d,]+) calls through the sidecars, (\d+) failed/m.exec(demo.tail()) ?? [];
  assert.equal(failed, '0', demo.tail());
  assert.ok(Number(calls.replaceAll(',', '')) > 1_000, `${calls} calls in 14 seconds`);
  for (const name of ['provider-2', 'shop', 'greeter']) {
    const [, served = '0'] = new RegExp(`answered by.* ${name} ([\\d,]+)`).exec(demo.tail()) ?? [];
    assert.ok(Number(served.replaceAll(',', '')) > 100, `${name} has answered ${served} calls`);
  }
  await untilNoneIsLeft(demo);
});

test('a service of HTTP that is killed is taken out of the registry, and found where it comes back', async (t) => {
  const demo = await startDemo(t);
  process.kill(membersOf(demo).get('shop') ?? 0, 'SIGKILL');
  await demo.waitFor(/shop's sidecar took it out of the registry/);
  await demo.waitFor(/a call of HTTP through the sidecars failed: 503/);
  await demo.waitFor(/shop and its sidecar are there again/);
  const counts = (): string[] => demo.output.flatMap((line) => / HTTP .*? failed ([\d,]+) \|/.exec(line)?.[1] ?? []);
  await waitUntil(() => counts().at(-1) === counts().at(-2), { what: 'calls no longer fail' });
  assert.notEqual(counts().at(-1), '0');
  assert.deepEqual(await demo.stop('SIGINT'), { code: 0, signal: null });
  await untilNoneIsLeft(demo);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} ends it in good order`, async (t) => {
    const demo = await startDemo(t);
    assert.deepEqual(await demo.stop(signal), { code: 0, signal: null });
    assert.match(demo.tail(), /All processes of the demo have ended/);
    await untilNoneIsLeft(demo);
  });
}

test('kill -9 of the demo leaves no process and no file behind', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-test-'));
  const demo = await startDemoIn(folder, t);
  const pids = membersOf(demo).values();
  assert.ok(alive(pids).length >= 9, demo.tail());
  assert.match((await readdir(folder)).join(), /^weft-demo-\w+$/);
  await demo.kill9();
  await untilNoneIsLeft(demo);
  assert.deepEqual(await readdir(folder), []);
});

test('a consumer that ends is a failure, told with its last output', async (t) => {
  const demo = await startDemo(t);
  process.kill(membersOf(demo).get('consumer') ?? 0, 'SIGKILL');
  await waitUntil(() => !demo.running(), { what: 'the demo has ended' });
  assert.deepEqual(await demo.exit, { code: 1, signal: null });
  assert.match(demo.tail(), /^weft demo: consumer ended \(SIGKILL\); its last output:/m);
  await untilNoneIsLeft(demo);
});

test('wrong arguments are told before anything starts', async () => {
  const demo = await startChild(process.execPath, [WEFT, 'demo', '--rate', 'fast'], { name: 'demo' });
  assert.equal((await demo.exit).code, 2);
  assert.match(demo.tail(), /--rate is a number above 0 and at most 5000/);
});
