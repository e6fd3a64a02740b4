import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

const ROOT = dirname(import.meta.dirname);

/** Files that break a rule of the house, with the rule that must notice. */
const VIOLATIONS: Readonly<Record<string, readonly [source: string, rule: string]>> = {
  'src/core/a.ts': [`import { b } from './b.ts';\nexport const a = () => b;\n`, 'import(no-cycle)'],
  'src/core/b.ts': [`import { a } from './a.ts';\nexport const b = () => a;\n`, 'import(no-cycle)'],
  'src/core/socket.ts': [`import net from 'node:net';\nexport const open = net.connect;\n`, 'no-restricted-imports'],
  'src/dataplane/codec/h2.ts': [
    `import { connect } from 'node:http2';\nexport const c = connect;\n`,
    'no-restricted-imports',
  ],
  'src/core/space.ts': [`export namespace Space {\n  export const a = 1;\n}\n`, 'no-namespace'],
  'src/core/lost.ts': [`async function f() {}\nexport function g() {\n  f();\n}\n`, 'no-floating-promises'],
  'src/core/any.ts': [`export const a = (b: any) => String(b);\n`, 'no-explicit-any'],
  'src/core/default.ts': [`export default 1;\n`, 'no-default-export'],
  'src/core/effect.ts': [`import './space.ts';\n`, 'no-unassigned-import'],
};

/** The same where it is right. */
const CLEAN: Readonly<Record<string, string>> = {
  'src/dataplane/net/socket.ts': `import net from 'node:net';\nexport const open = net.connect;\n`,
  'src/config/ip.ts': `import { isIP } from 'node:net';\nexport const isAddress = (text: string) => isIP(text) !== 0;\n`,
};

describe('.oxlintrc.json', () => {
  it('notices what the house forbids, and nothing else', async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'weft-lint-'));
    t.after(() => rmSync(root, { recursive: true }));
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
      copyFileSync(join(ROOT, name), join(root, name));
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    const sources = Object.entries(VIOLATIONS).map(([path, [source]]) => [path, source] as const);
    for (const [path, source] of [...sources, ...Object.entries(CLEAN)]) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), source);
    }
    const found = await lint(root);
    for (const [path, [, rule]] of Object.entries(VIOLATIONS)) {
      assert.ok(
        found.some((one) => one.file === path && one.rule.includes(rule)),
        `${path}: ${rule} is silent`,
      );
    }
    assert.deepEqual(
      found.filter((one) => one.file in CLEAN),
      [],
    );
  });
});

async function lint(root: string): Promise<{ file: string; rule: string }[]> {
  const tool = join(ROOT, 'node_modules/oxlint/bin/oxlint');
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [tool, '--format=json', 'src'], { cwd: root }, (_error, stdout) => resolve(stdout));
  });
  const report = JSON.parse(output) as { diagnostics: { filename: string; code: string }[] };
  return report.diagnostics.map(({ filename, code }) => ({ file: filename, rule: code }));
}
