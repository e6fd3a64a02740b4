import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Owner } from './children.ts';
import { ensureDebian } from './debian.ts';
import { temporaryFolder } from './mesh.ts';

/** PEM files, as a listener's `tls` takes them. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate of its own making for localhost and 127.0.0.1; its files go with their owner. */
export async function makeCertificate(owner: Owner): Promise<CertificateFiles> {
  await ensureDebian(['openssl']);
  const folder = await temporaryFolder(owner);
  const files = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', files.key, '-out', files.certificate],
  ]);
  return files;
}
