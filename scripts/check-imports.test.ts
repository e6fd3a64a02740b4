import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { describe, it } from 'node:test';
import { DATAPLANE, LAYERS, checkFile, checkTree } from './check-imports.ts';

function reasons(path: string, source: string): string[] {
  return checkFile(path, source).map((violation) => violation.why);
}

describe('check-imports', () => {
  it('lets a folder import itself and the folders before it', () => {
    assert.deepEqual(reasons('src/core/a.ts', `import { b } from './b.ts';`), []);
    assert.deepEqual(reasons('src/cli/a.ts', `import { b } from '../core/b.ts';`), []);
    assert.deepEqual(reasons('src/config/a.ts', `import { b } from '../dataplane/proxy/b.ts';`), []);
    assert.deepEqual(reasons('src/dataplane/codec/bolt/a.ts', `import { b } from '../../message/b.ts';`), []);
    assert.deepEqual(reasons('src/core/a.ts', `import net from 'node:net';\nimport { x } from 'yaml';`), []);
  });

  it('refuses an import of a folder that comes later, and says where', () => {
    const source = `import { a } from './a.ts';\n\nimport {\n  b,\n} from '../telemetry/log.ts';\n`;
    assert.deepEqual(checkFile('src/core/x.ts', source), [
      { where: 'src/core/x.ts:5', why: 'src/core may not import src/telemetry (src/telemetry/log.ts)' },
    ]);
  });

  it('sees every form of import', () => {
    const forms = [
      `import type { B } from '../cli/b.ts';`,
      `export { b } from '../cli/b.ts';`,
      `export * from "../cli/b.ts";`,
      `import '../cli/b.ts';`,
      `const b = await import('../cli/b.ts');`,
      `type B = import('../cli/b.ts').B;`,
    ];
    for (const form of forms) assert.equal(reasons('src/core/a.ts', form).length, 1, form);
  });

  it('keeps codecs, routes, clusters and filters apart from each other and from sockets', () => {
    const apart = ['codec', 'route', 'cluster', 'filter'];
    for (const from of apart) {
      for (const to of [...apart, 'net', 'proxy', 'handoff']) {
        const expected = from === to ? 0 : 1;
        const found = reasons(`src/dataplane/${from}/a.ts`, `import '../${to}/b.ts';`);
        assert.equal(found.length, expected, `${from} imports ${to}`);
      }
    }
  });

  it('refuses folders without a place', () => {
    assert.match(reasons('src/new/a.ts', `import '../core/b.ts';`)[0] ?? '', /src\/new has no place yet/);
    assert.match(
      reasons('src/dataplane/new/a.ts', `import '../net/b.ts';`)[0] ?? '',
      /src\/dataplane\/new has no place/,
    );
    assert.match(
      reasons('src/cli/a.ts', `import '../dataplane/new/b.ts';`)[0] ?? '',
      /src\/dataplane\/new has no place/,
    );
  });

  it('lets only tests import from outside src, and nobody a test', () => {
    const source = `import '../../test/support/ports.ts';`;
    assert.deepEqual(reasons('src/core/a.test.ts', source), []);
    assert.equal(reasons('src/core/a.ts', source).length, 1);
    assert.equal(reasons('src/core/a.ts', `import './b.test.ts';`).length, 1);
  });

  it('has tables without a way back', () => {
    const order = Object.keys(DATAPLANE);
    for (const [folder, allowed] of Object.entries(DATAPLANE)) {
      for (const one of allowed) assert.ok(order.indexOf(one) < order.indexOf(folder), `${folder} imports ${one}`);
    }
    assert.equal(new Set(LAYERS).size, LAYERS.length);
  });

  it('finds sources in the repository', () => {
    assert.ok(Array.isArray(checkTree(dirname(import.meta.dirname))));
    assert.throws(() => checkTree(import.meta.dirname), /no sources/);
  });
});
