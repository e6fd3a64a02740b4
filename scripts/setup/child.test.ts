import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type TestContext, describe, it } from 'node:test';

/** Tells its pid, and neither SIGINT nor the end of its parent ends it. */
const DEAF = "process.on('SIGINT', () => {}); setInterval(() => {}, 1000); console.log(process.pid);";

/** Waits for DEAF with a short grace, in a process that can be sent signals. */
const SETUP = `
  import { Interrupted, runChild } from ${JSON.stringify(import.meta.resolve('./child.mjs'))};
  const options = { cwd: '.', onLine: console.log, onInterrupt: () => console.log('stopping'), graceMs: 20 };
  await runChild(process.execPath, ['-e', ${JSON.stringify(DEAF)}], options).catch((error) => {
    console.log(error instanceof Interrupted, error.signal);
  });
`;

async function startSetup(t: TestContext) {
  const setup = spawn(process.execPath, ['--input-type=module', '-e', SETUP], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => setup.kill('SIGKILL'));
  const lines = createInterface({ input: setup.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await lines.next()).value ?? 'the end';
  return { setup, next };
}

describe('runChild', () => {
  it('says that it stops, and kills a child that a signal does not end', async (t) => {
    const { setup, next } = await startSetup(t);
    const pid = Number(await next());
    t.after(() => void tryKill(pid));
    setup.kill('SIGINT');
    assert.equal(await next(), 'stopping');
    assert.equal(await next(), 'true SIGINT');
    assert.deepEqual(await once(setup, 'close'), [0, null]);
    assert.equal(tryKill(pid), false, 'the child has ended');
  });
});

function tryKill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
