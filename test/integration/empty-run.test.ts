import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, describe, it } from 'node:test';
import { type LaneName, laneArguments } from '../../scripts/lanes.ts';

async function runLane(t: TestContext, lane: LaneName, pattern: string): Promise<{ code: number; errors: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'weft-lane-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, 'a.test.ts'),
    `import { describe, it } from 'node:test';\ndescribe('ring', () => it('wraps', () => {}));\n`,
  );
  const args = laneArguments(folder, lane, ['a.test.ts', `--test-name-pattern=${pattern}`]);
  // This test's own runner must not take the inner one for a child of its own.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return { code, errors };
}

describe('a run of tests', () => {
  for (const lane of ['unit', 'integration'] as const) {
    it(`fails when no test has run, as one of the ${lane} lane`, async (t) => {
      const { code, errors } = await runLane(t, lane, 'unwraps');
      assert.match(errors, /no test ran/);
      assert.equal(code, 1);
    });

    it(`passes when one has, as one of the ${lane} lane`, async (t) => {
      assert.deepEqual(await runLane(t, lane, 'wraps'), { code: 0, errors: '' });
    });
  }
});
