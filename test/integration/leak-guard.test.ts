import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, describe, it } from 'node:test';
import { leakGuardOption } from '../../scripts/lanes.ts';

const LEAK = `setInterval(() => {}, 1000);`;

async function runTest(t: TestContext, body: string, ...options: string[]): Promise<{ code: number; output: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-leak-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'a.test.ts');
  writeFileSync(file, `import { it } from 'node:test';\nit('passes', () => { ${body} });\n`);
  // This test's own runner must not take the inner one for a child of its own.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, ['--test', leakGuardOption(), ...options, file], { env });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, output: stdout + stderr };
}

describe('the leak guard', () => {
  for (const isolation of ['process', 'none']) {
    it(`fails tests that leave something open, isolation ${isolation}`, async (t) => {
      const { code, output } = await runTest(t, LEAK, `--test-isolation=${isolation}`);
      assert.equal(code, 1);
      assert.match(output, /kept alive by: .*Timeout/);
    });

    it(`says nothing of tests that close what they open, isolation ${isolation}`, async (t) => {
      const { code, output } = await runTest(t, '', `--test-isolation=${isolation}`);
      assert.equal(code, 0, output);
      assert.doesNotMatch(output, /kept alive/);
    });
  }
});
