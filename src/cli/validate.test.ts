import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { selfSigned } from '../dataplane/net/testing/self-signed.ts';
import { UsageError } from './command.ts';
import { createTestIo } from './test-io.ts';
import { command } from './validate.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples/config');

async function withFiles(
  files: Readonly<Record<string, string>>,
  use: (validate: (...args: string[]) => Promise<{ code: number; out: string }>, folder: string) => Promise<void>,
): Promise<void> {
  const cwd = await mkdtemp(join(tmpdir(), 'weft-validate-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
    await use(async (...args) => {
      const io = createTestIo({ cwd });
      const code = await command.run(args, io);
      assert.equal(io.err(), '');
      return { code, out: io.out() };
    }, cwd);
  } finally {
    await rm(cwd, { recursive: true });
  }
}

test('the examples are valid and raise no warning', async () => {
  const io = createTestIo({ cwd: EXAMPLES });
  const files = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.yaml')).toSorted();
  const code = await command.run(files, io);
  assert.equal(
    io.out(),
    `consumer.yaml: ok: node consumer-1, 1 listener (egress 127.0.0.1:12220), no static clusters, registry embedded
http-app.yaml: ok: node callee-1, 3 listeners (shop 127.0.0.1:15006, beta 127.0.0.1:15007, greeter 127.0.0.1:15008), no static clusters, no registry
http.yaml: ok: node caller-1, 1 listener (egress 127.0.0.1:15001), 3 static clusters, no registry
provider.yaml: ok: node provider-1, 1 listener (ingress 127.0.0.1:12200), no static clusters, registry embedded
static.yaml: ok: node standalone-1, 1 listener (egress 127.0.0.1:12220), 1 static cluster, no registry
all 5 files are valid
`,
  );
  assert.equal(code, 0);
});

test('so is what stands in them behind a #, for those who have the files of TLS', async () => {
  const text = (await readFile(join(EXAMPLES, 'http.yaml'), 'utf8')).replace(/^ {2}# (?=- | )/gm, '  ');
  const { certificate, key } = selfSigned('web.test');
  await withFiles({ 'http.yaml': text, 'web.pem': certificate, 'web-key.pem': key }, async (validate) => {
    const { code, out } = await validate('http.yaml');
    assert.equal(code, 0, out);
    assert.match(out, /2 listeners \(egress 127\.0\.0\.1:15001, egress-tls 127\.0\.0\.1:15443\)/);
  });
});

test('every error is printed with its place, its path and its hint', async () => {
  const bad = 'node: { idd: 7 }\nlog: { level: inof }\n';
  await withFiles({ 'bad.yaml': bad }, async (validate) => {
    assert.deepEqual(await validate('bad.yaml'), {
      code: 1,
      out: `bad.yaml:1:7 node.id: required and missing
  hint: for example id: consumer-1
bad.yaml:1:9 node.idd: unknown key
  hint: did you mean id?
bad.yaml:2:15 log.level: expected debug, info, warn, error or off, found 'inof'
  hint: did you mean info?
3 errors
`,
    });
  });
});

test('one bad file among several makes the whole fail, and warnings do not', async () => {
  await withFiles({ 'bad.yaml': 'a: [', 'odd.yaml': 'node: { id: a }' }, async (validate) => {
    const { code, out } = await validate('odd.yaml', 'bad.yaml', 'none.yaml');
    assert.equal(code, 1);
    assert.match(out, /^odd\.yaml:1:1: warning: there are no listeners/m);
    assert.match(out, /^odd\.yaml: ok: node a, no listeners, no static clusters, no registry$/m);
    assert.match(out, /^bad\.yaml:1:5: .*a bracket is not closed$/m);
    assert.match(out, /^none\.yaml: the file does not exist$/m);
    assert.match(out, /^\d errors in 2 of 3 files$/m);
    assert.equal((await validate('odd.yaml')).code, 0);
  });
});

const TLS = `node: { id: a }
listeners:
  - name: web
    address: 127.0.0.1:15443
    direction: egrss
    tls: { certificate: web.pem, key: web-key.pem }
  - { name: api, address: 127.0.0.1:15444, direction: ingress, app: 127.0.0.1:80, tls: { certificate: web.pem } }
`;

test('files of TLS are opened, and what is wrong with them stands among all else', async () => {
  const { certificate } = selfSigned('web.test', [2001, 2002]);
  await withFiles({ 'weft.yaml': TLS, 'web.pem': certificate }, async (validate, folder) => {
    const expired = `in ${folder}/web.pem expired at 2002-12-31T23:59:59.000Z: callers refuse it
  hint: renew it; a running proxy reads the new files within ten seconds
`;
    assert.deepEqual(await validate('weft.yaml'), {
      code: 1,
      out: `weft.yaml:5:16 listeners[0].direction: expected egress or ingress, found 'egrss'
  hint: did you mean egress?
weft.yaml:6:39 listeners[0].tls.key: ${folder}/web-key.pem does not exist
  hint: write where the PEM file is; relative paths start at the folder of the config
weft.yaml:7:88 listeners[1].tls.key: required and missing
  hint: for example key: web-key.pem
weft.yaml:6:25 warning: listeners[0].tls.certificate: the certificate ${expired}\
weft.yaml:7:103 warning: listeners[1].tls.certificate: the certificate ${expired}\
3 errors
`,
    });
  });
});

test('with --no-files they are not looked at', async () => {
  const text = TLS.replace('egrss', 'egress').replace(/^ {2}- \{ name: api.*\n/m, '');
  await withFiles({ 'weft.yaml': text }, async (validate) => {
    assert.equal((await validate('weft.yaml')).code, 1);
    const { code, out } = await validate('--no-files', 'weft.yaml');
    assert.equal(code, 0);
    assert.match(out, /^weft\.yaml: ok: node a, 1 listener /m);
  });
});

test('files that can be used are no news', async () => {
  const { certificate, key } = selfSigned('web.test');
  const text = TLS.replace('egrss', 'egress').replace(
    /^ {2}- \{ name: api.*\n/m,
    'clusters: [{ name: a, endpoints: ["127.0.0.1:80"] }]\n',
  );
  await withFiles({ 'weft.yaml': text, 'web.pem': certificate, 'web-key.pem': key }, async (validate) => {
    const { code, out } = await validate('weft.yaml');
    assert.deepEqual([code, out.split('\n').length], [0, 2], out);
  });
});

test('tools get JSON', async () => {
  await withFiles({ 'bad.yaml': 'node: {}', 'odd.yaml': 'node: { id: a }' }, async (validate) => {
    const { code, out } = await validate('--json', 'bad.yaml', 'odd.yaml');
    assert.equal(code, 1);
    assert.deepEqual(JSON.parse(out), {
      ok: false,
      files: [
        {
          file: 'bad.yaml',
          ok: false,
          errors: [
            {
              path: 'node.id',
              line: 1,
              column: 7,
              message: 'required and missing',
              hint: 'for example id: consumer-1',
            },
          ],
          warnings: [],
        },
        {
          file: 'odd.yaml',
          ok: true,
          errors: [],
          warnings: [
            {
              path: '',
              line: 1,
              column: 1,
              message: 'there are no listeners: the proxy will carry no calls',
              hint: 'add listeners',
            },
          ],
          defines: 'node a, no listeners, no static clusters, no registry',
        },
      ],
    });
  });
});

test('wrong arguments are usage errors', async () => {
  await assert.rejects(command.run([], createTestIo()), new UsageError('name at least one FILE'));
  await assert.rejects(command.run(['--jsno', 'x'], createTestIo()), UsageError);
});
