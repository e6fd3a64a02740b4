import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { selfSigned } from '../dataplane/net/testing/self-signed.ts';
import { readTlsFiles } from './tls-files.ts';

const NOW = Date.UTC(2026, 0, 1);
const [ONE, TWO] = [selfSigned('one.test'), selfSigned('two.test')];

/** What is wrong with files of these contents, as lines `key: message; hint`, with `/` for their folder. */
function faults(certificate: string | Buffer | undefined, key: string | Buffer | undefined): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'weft-tls-'));
  try {
    const names = { certificate: join(folder, 'web.pem'), key: join(folder, 'web-key.pem') };
    if (certificate !== undefined) writeFileSync(names.certificate, certificate);
    if (key !== undefined) writeFileSync(names.key, key);
    return told(names, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function told(names: { certificate?: string; key?: string }, folder: string): string[] {
  const { faults: found } = readTlsFiles(names, NOW);
  return found.map(({ key, severity, message, hint }) =>
    `${severity === 'error' ? '' : 'warning '}${key}: ${message}; ${hint}`.replaceAll(folder, ''),
  );
}

test('files that belong together have no fault, with the rest of the chain behind the certificate', () => {
  assert.deepEqual(faults(ONE.certificate, ONE.key), []);
  assert.deepEqual(faults(`a comment\n${ONE.certificate}${TWO.certificate}`, ONE.key), []);
  // Some tools write both into one file.
  const both = ONE.certificate + ONE.key;
  assert.deepEqual(faults(both, both), []);
});

test('files that are not there, or are none, are named both at once', () => {
  const where = 'write where the PEM file is; relative paths start at the folder of the config';
  assert.deepEqual(faults(undefined, undefined), [
    `certificate: /web.pem does not exist; ${where}`,
    `key: /web-key.pem does not exist; ${where}`,
  ]);
  const folder = mkdtempSync(join(tmpdir(), 'weft-tls-'));
  mkdirSync(join(folder, 'web.pem'));
  assert.deepEqual(told({ certificate: join(folder, 'web.pem') }, folder), [
    'certificate: /web.pem is no file; name a PEM file',
  ]);
  assert.deepEqual(told({ key: join(folder, 'x'.repeat(300)) }, folder), [
    `key: /${'x'.repeat(300)} cannot be read (ENAMETOOLONG); check the path`,
  ]);
  rmSync(folder, { recursive: true });
});

test('what is no PEM says of what it should be, and how to make that of DER', () => {
  const der = { certificate: new X509Certificate(ONE.certificate).raw, key: createPrivateKey(ONE.key) };
  const key = der.key.export({ type: 'pkcs8', format: 'der' });
  assert.deepEqual(faults(der.certificate, key), [
    'certificate: /web.pem holds no certificate in PEM; the file begins with -----BEGIN CERTIFICATE-----; ' +
      'to make it of DER: openssl x509 -inform der -in /web.pem',
    'key: /web-key.pem holds no private key in PEM; the file begins with -----BEGIN PRIVATE KEY-----; ' +
      'to make it of DER: openssl pkey -inform der -in /web-key.pem',
  ]);
});

test('certificate and key that have changed places are recognized', () => {
  assert.deepEqual(faults(ONE.key, ONE.certificate), [
    'certificate: /web.pem holds no certificate in PEM; ' +
      'it holds a private key: certificate and key may have changed places',
    'key: /web-key.pem holds no private key in PEM; it holds a certificate: certificate and key may have changed places',
  ]);
});

test('what is damaged is told with its place', () => {
  const cut = ONE.certificate.slice(0, -60);
  const whole = 'copy it anew; nothing between its BEGIN and END may be missing';
  assert.deepEqual(faults(cut, ONE.key.slice(0, -60)), [
    `certificate: the certificate in /web.pem cannot be read; ${whole}`,
    `key: the private key in /web-key.pem cannot be read; ${whole}`,
  ]);
  assert.deepEqual(faults(`${ONE.certificate}\n${cut}`, ONE.key), [
    `certificate: certificate 2 in /web.pem cannot be read; ${whole}`,
  ]);
});

test('a key with a password says how to write it without', () => {
  const secret = createPrivateKey(ONE.key);
  const locked = secret.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' });
  assert.deepEqual(faults(ONE.certificate, locked), [
    'key: the private key in /web-key.pem needs a password, which the proxy has not; ' +
      'write it without one, where others cannot read it: openssl pkey -in /web-key.pem',
  ]);
});

test('a key of another certificate is told, and so is a chain in the wrong order', () => {
  assert.deepEqual(faults(ONE.certificate, TWO.key), [
    'key: the private key in /web-key.pem does not belong to the certificate in /web.pem; ' +
      'name the key with which that certificate was made',
  ]);
  assert.deepEqual(faults(TWO.certificate + ONE.certificate, ONE.key), [
    'certificate: the certificate of the key in /web-key.pem is not the first one in /web.pem; ' +
      'put it first, then those that lead to its root',
  ]);
});

test('what has expired, or is not valid yet, is a warning', () => {
  const old = selfSigned('old.test', [2001, 2002]);
  const coming = selfSigned('coming.test', [2090, 2091]);
  const renew = 'renew it; a running proxy reads the new files within ten seconds';
  assert.deepEqual(faults(old.certificate, old.key), [
    `warning certificate: the certificate in /web.pem expired at 2002-12-31T23:59:59.000Z: callers refuse it; ${renew}`,
  ]);
  assert.deepEqual(faults(ONE.certificate + old.certificate, ONE.key), [
    `warning certificate: certificate 2 in /web.pem expired at 2002-12-31T23:59:59.000Z: callers refuse it; ${renew}`,
  ]);
  assert.deepEqual(faults(coming.certificate, coming.key), [
    'warning certificate: the certificate in /web.pem is not valid before 2090-01-01T00:00:00.000Z: ' +
      'callers refuse it until then; check the clock of this machine, or use the certificate before it',
  ]);
});

test('no secret is ever shown', () => {
  const text = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n';
  assert.ok(!faults(text, text).join('').includes('c2VjcmV0'));
});
