import type { KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { CheckTls, TlsFault } from '../config/file-check.ts';
import { secureContext } from '../dataplane/net/tls-server.ts';

/** What the files of a listener's `tls` hold, and all that is wrong with them. */
export interface TlsFiles {
  readonly certificate: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly faults: readonly TlsFault[];
}

/**
 * Reads the files as far as they are named, and judges what is in them. Never throws.
 *
 * @param now milliseconds since 1970.
 */
export function readTlsFiles(names: Parameters<CheckTls>[0], now: number): TlsFiles {
  const faults: TlsFault[] = [];
  const certificate = read('certificate', names.certificate, faults);
  const key = read('key', names.key, faults);
  const chain = certificate && chainIn(certificate, names.certificate!, faults);
  const secret = key && privateKeyIn(key, names.key!, faults);
  if (chain !== undefined) judgeTimes(chain, names.certificate!, now, faults);
  if (chain !== undefined && secret !== undefined) {
    judgePair({ chain, secret, certificate: certificate!, key: key! }, names, faults);
  }
  return { certificate, key, faults };
}

type Key = TlsFault['key'];

function fault(key: Key, message: string, hint: string): TlsFault {
  return { key, severity: 'error', message, hint };
}

function read(key: Key, file: string | undefined, faults: TlsFault[]): Buffer | undefined {
  if (file === undefined) return undefined;
  try {
    // What is no file (a pipe, say) may have no end, and cannot be read again.
    if (statSync(file).isFile()) return readFileSync(file);
    faults.push(fault(key, `${file} is no file`, 'name a PEM file'));
  } catch (error) {
    faults.push(fault(key, ...whyNotRead(file, (error as NodeJS.ErrnoException).code ?? 'unknown error')));
  }
  return undefined;
}

function whyNotRead(file: string, code: string): [message: string, hint: string] {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return [
        `${file} does not exist`,
        'write where the PEM file is; relative paths start at the folder of the config',
      ];
    case 'EACCES':
    case 'EPERM':
      return [`${file} cannot be read: permission denied`, 'let the user of the proxy read it'];
    default:
      return [`${file} cannot be read (${code})`, 'check the path'];
  }
}

const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*(?:-----END [A-Z0-9 ]+-----)?/g;
const PRIVATE_KEY = /-----BEGIN (?:[A-Z0-9]+ )?PRIVATE KEY-----/;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/** The certificate and those behind it, or undefined when one cannot be read. */
function chainIn(pem: Buffer, file: string, faults: TlsFault[]): X509Certificate[] | undefined {
  const { X509Certificate: Certificate } = process.getBuiltinModule('node:crypto');
  const text = pem.toString('latin1');
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    const hint = PRIVATE_KEY.test(text)
      ? 'it holds a private key: certificate and key may have changed places'
      : `the file begins with -----BEGIN CERTIFICATE-----; to make it of DER: openssl x509 -inform der -in ${file}`;
    faults.push(fault('certificate', `${file} holds no certificate in PEM`, hint));
    return undefined;
  }
  const chain: X509Certificate[] = [];
  for (const block of blocks) {
    try {
      chain.push(new Certificate(block));
    } catch {
      const message = `${nameOf(chain.length)} in ${file} cannot be read`;
      faults.push(fault('certificate', message, 'copy it anew; nothing between its BEGIN and END may be missing'));
      return undefined;
    }
  }
  return chain;
}

function privateKeyIn(pem: Buffer, file: string, faults: TlsFault[]): KeyObject | undefined {
  const text = pem.toString('latin1');
  if (ENCRYPTED.test(text)) {
    const hint = `write it without one, where others cannot read it: openssl pkey -in ${file}`;
    faults.push(fault('key', `the private key in ${file} needs a password, which the proxy has not`, hint));
    return undefined;
  }
  if (!PRIVATE_KEY.test(text)) {
    const hint =
      text.match(CERTIFICATE) === null
        ? `the file begins with -----BEGIN PRIVATE KEY-----; to make it of DER: openssl pkey -inform der -in ${file}`
        : 'it holds a certificate: certificate and key may have changed places';
    faults.push(fault('key', `${file} holds no private key in PEM`, hint));
    return undefined;
  }
  try {
    return process.getBuiltinModule('node:crypto').createPrivateKey(pem);
  } catch {
    const hint = 'copy it anew; nothing between its BEGIN and END may be missing';
    faults.push(fault('key', `the private key in ${file} cannot be read`, hint));
    return undefined;
  }
}

/** One that is out of date is no reason not to start: all that goes past it still works. */
function judgeTimes(chain: readonly X509Certificate[], file: string, now: number, faults: TlsFault[]): void {
  const warn = (message: string, hint: string): void =>
    void faults.push({ key: 'certificate', severity: 'warning', message, hint });
  for (const [index, { validFromDate, validToDate }] of chain.entries()) {
    const name = `${nameOf(index)} in ${file}`;
    if (now > validToDate.getTime()) {
      const hint = 'renew it; a running proxy reads the new files within ten seconds';
      warn(`${name} expired at ${validToDate.toISOString()}: callers refuse it`, hint);
    } else if (now < validFromDate.getTime()) {
      const message = `${name} is not valid before ${validFromDate.toISOString()}: callers refuse it until then`;
      warn(message, 'check the clock of this machine, or use the certificate before it');
    }
  }
}

interface Pair {
  readonly chain: readonly X509Certificate[];
  readonly secret: KeyObject;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

function judgePair(pair: Pair, names: Parameters<CheckTls>[0], faults: TlsFault[]): void {
  const { chain, secret, certificate, key } = pair;
  const owner = chain.findIndex((one) => one.checkPrivateKey(secret));
  if (owner > 0) {
    const message = `the certificate of the key in ${names.key} is not the first one in ${names.certificate}`;
    faults.push(fault('certificate', message, 'put it first, then those that lead to its root'));
  } else if (owner < 0) {
    const message = `the private key in ${names.key} does not belong to the certificate in ${names.certificate}`;
    faults.push(fault('key', message, 'name the key with which that certificate was made'));
  } else {
    try {
      secureContext(certificate, key);
    } catch (error) {
      // Such as a key that is too weak: OpenSSL knows more than is told apart above.
      const message = `${names.certificate} cannot be used for TLS: ${(error as Error).message}`;
      faults.push(fault('certificate', message, 'make it anew, with a key that TLS takes such as EC P-256'));
    }
  }
}

function nameOf(index: number): string {
  return index === 0 ? 'the certificate' : `certificate ${index + 1}`;
}
