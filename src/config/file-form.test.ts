import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { toFileForm } from './file-form.ts';
import { parseConfig } from './parse.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples/config');

const RICH = `
node: { id: a, address: 10.0.0.1 }
registry: { type: zookeeper, address: 'zk1:2181,[::1]:2182', sessionTimeout: 12345ms, auth: { credential: 'me:secret' } }
listeners:
  - { name: in, address: '[::]:12200', protocol: bolt, direction: ingress, app: 127.0.0.1:12199, limits: { maxHeader: 65535, maxOutput: 100, maxFrame: 3MiB } }
clusters:
  - { name: c, endpoints: [10.0.0.7:1, { address: '[::1]:2', weight: 0 }], timeout: 1.5m, retries: { on: [reset] } }
health: { checkService: { url: 'http://127.0.0.1:9500/checkService' } }
`;

function effective(text: string): unknown {
  const result = parseConfig(text, { file: '/etc/weft/weft.yaml', localAddress: () => '10.0.0.1' });
  assert.ok(result.ok, JSON.stringify(result));
  return result.config;
}

test('an effective config written as a file is read as the same config', () => {
  const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'));
  assert.ok(files.length > 0);
  for (const text of [RICH, 'node: { id: a }', ...files.map((name) => readFileSync(join(EXAMPLES, name), 'utf8'))]) {
    const config = effective(text);
    assert.deepEqual(effective(stringify(toFileForm(config))), config);
  }
});

test('it reads as people write it', () => {
  const written = stringify(toFileForm(effective(RICH)));
  for (const part of ['sessionTimeout: 12345ms', 'timeout: 1.5m', 'maxFrame: 3MiB', 'maxHeader: 65535'])
    assert.ok(written.includes(part), part);
  assert.match(written, /address: zk1:2181,\[::1\]:2182/);
});
