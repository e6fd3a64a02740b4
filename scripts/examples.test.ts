/** The pages and the example apps name the ports that the example configs have. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const ROOT = dirname(import.meta.dirname);

interface ExampleConfig {
  readonly sdk: { readonly address: string };
  readonly stateDir?: string;
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function readConfig(name: string): ExampleConfig {
  return parse(read(`examples/config/${name}.yaml`)) as ExampleConfig;
}

/** Every local API that a text names, once. */
function sidecarsIn(text: string): string[] {
  return [...new Set(text.match(/http:\/\/127\.0\.0\.1:133\d\d/g))];
}

for (const name of ['provider', 'consumer']) {
  test(`the example ${name} talks to the sidecar of its config`, () => {
    const address = `http://${readConfig(name).sdk.address}`;
    assert.deepEqual(sidecarsIn(read(`examples/demo/${name}.ts`)), [address]);
  });
}

test('what the pages publish goes to the sidecar of the provider', () => {
  const address = `http://${readConfig('provider').sdk.address}`;
  assert.deepEqual(sidecarsIn(read('README.md')), [address]);
  assert.ok(read('docs/local-api.md').includes(`P=${address}`));
  assert.match(read('docs/local-api.md'), /\$P\/services\/publish$/m);
});

test('the state that the examples leave is not for git', () => {
  for (const name of ['provider', 'consumer']) {
    const file = join('examples/config', readConfig(name).stateDir ?? '.weft', 'registrations.json');
    assert.equal(spawnSync('git', ['check-ignore', '-q', file], { cwd: ROOT }).status, 0, `${file} is not ignored`);
  }
});
