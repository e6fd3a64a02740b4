import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ManualClock } from '../core/manual-clock.ts';
import { selfSigned, type SelfSigned } from '../dataplane/net/testing/self-signed.ts';
import type { Logger } from '../telemetry/log.ts';
import { TlsIdentity } from './tls-identity.ts';

interface Scene {
  readonly clock: ManualClock;
  readonly logged: string[];
  readonly files: { readonly certificate: string; readonly key: string };
  put(signed: Partial<SelfSigned>): void;
  open(): TlsIdentity;
}

function inFolder(run: (scene: Scene) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'weft-tls-'));
  const files = { certificate: join(folder, 'web.pem'), key: join(folder, 'web-key.pem') };
  const clock = new ManualClock();
  const logged: string[] = [];
  const note = (level: string) => (message: string, fields?: object) =>
    void logged.push(`${level}: ${message} ${JSON.stringify(fields)}`);
  const log = {
    debug: note('debug'),
    info: note('info'),
    warn: note('warn'),
    error: note('error'),
  } as unknown as Logger;
  // As whoever renews certificates does it: another file takes the place of the old one.
  const replace = (file: string, text: string | undefined): void => {
    if (text === undefined) return;
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  try {
    run({
      clock,
      logged,
      files,
      put: ({ certificate, key }) => {
        replace(files.certificate, certificate);
        replace(files.key, key);
      },
      open: () => new TlsIdentity(files, { where: 'listeners[0].tls', clock, log }),
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Whose certificate a context answers with. */
function nameIn(identity: TlsIdentity): string {
  const context = identity.context().context as { getCertificate(): Buffer };
  return new X509Certificate(context.getCertificate()).subject;
}

const [ONE, TWO] = [selfSigned('one.test'), selfSigned('two.test')];

test('a certificate that is renewed is used for new connections, within ten seconds', () => {
  inFolder(({ clock, put, open, logged }) => {
    put(ONE);
    const identity = open();
    const first = identity.context();
    assert.equal(nameIn(identity), 'CN=one.test');
    put(TWO);
    clock.advance(9_999);
    assert.equal(identity.context(), first);
    clock.advance(1);
    assert.equal(nameIn(identity), 'CN=two.test');
    assert.match(logged.join('\n'), /^info: certificate read again .*web\.pem/);
  });
});

test('files that do not change are not read again', () => {
  inFolder(({ clock, put, open, logged }) => {
    put(ONE);
    const identity = open();
    const first = identity.context();
    for (let i = 0; i < 5; i++) {
      clock.advance(60_000);
      assert.equal(identity.context(), first);
    }
    assert.deepEqual(logged, []);
  });
});

test('while the new files cannot be used, the old certificate stays, and they are tried again', () => {
  inFolder(({ clock, files, put, open, logged }) => {
    put(ONE);
    const identity = open();
    const broken: (() => void)[] = [
      () => put({ certificate: TWO.certificate }),
      () => put({ certificate: 'half a certif' }),
      () => rmSync(files.key),
    ];
    for (const [i, breakIt] of broken.entries()) {
      breakIt();
      clock.advance(10_000);
      assert.equal(nameIn(identity), 'CN=one.test');
      assert.equal(logged.length, i + 1);
      assert.match(logged[i]!, /^error: .*the one before stays .*listeners\[0\]\.tls\.(key|certificate): /);
    }
    assert.match(logged[2]!, /web-key\.pem/);
    put(TWO);
    clock.advance(10_000);
    assert.equal(nameIn(identity), 'CN=two.test');
  });
});

test('a key is never in the log', () => {
  inFolder(({ clock, put, open, logged }) => {
    put(ONE);
    const identity = open();
    put({ key: `-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n` });
    clock.advance(10_000);
    identity.context();
    assert.equal(logged.length, 1);
    assert.ok(!logged[0]!.includes('secret'));
  });
});

test('a listener does not open without them, and says which key and file it is, why, and what to do', () => {
  inFolder(({ files, put, open }) => {
    assert.throws(open, {
      code: 'listen_failed',
      message:
        `listeners[0].tls.certificate: ${files.certificate} does not exist; ` +
        'write where the PEM file is; relative paths start at the folder of the config; ' +
        `listeners[0].tls.key: ${files.key} does not exist; ` +
        'write where the PEM file is; relative paths start at the folder of the config',
    });
    put({ certificate: ONE.certificate, key: TWO.key });
    assert.throws(open, {
      code: 'listen_failed',
      message:
        `listeners[0].tls.key: the private key in ${files.key} does not belong to the certificate in ` +
        `${files.certificate}; name the key with which that certificate was made`,
    });
  });
});

test('with a certificate that has expired a listener opens, and the log says so each time that it is read', () => {
  inFolder(({ clock, put, open, logged }) => {
    put(selfSigned('old.test', [2001, 2002]));
    const identity = open();
    assert.equal(nameIn(identity), 'CN=old.test');
    assert.match(logged.join('\n'), /^warn: .*"path":"listeners\[0\]\.tls\.certificate".* expired at 2002-12-31T/);
    put(ONE);
    clock.advance(10_000);
    identity.context();
    assert.deepEqual([logged.length, logged[1]?.slice(0, 6)], [2, 'info: ']);
  });
});
