import { writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startChild, waitUntil, type Owner } from './children.ts';
import { ensureDebian } from './debian.ts';
import { temporaryFolder } from './mesh.ts';

/** Debian keeps it where only root looks by default. */
const NGINX = '/usr/sbin/nginx';

export interface NginxOptions {
  /** After so many requests it ends a connection. */
  readonly keepaliveRequests?: number;
}

export interface Nginx {
  readonly http1: number;
  /** HTTP/2 with prior knowledge, in clear text. */
  readonly http2: number;
}

/** nginx with the files given by name; /echo says what it was asked. */
export async function startNginx(
  owner: Owner,
  files: Readonly<Record<string, Buffer | string>>,
  { keepaliveRequests = 1_000_000 }: NginxOptions = {},
): Promise<Nginx> {
  await ensureDebian(['nginx']);
  const folder = await temporaryFolder(owner);
  const root = join(folder, 'root');
  await mkdir(root);
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  const [http1, http2] = [await freePort(), await freePort()];
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = `
    daemon off;
    worker_processes 1;
    pid ${folder}/pid;
    error_log stderr warn;
    events { worker_connections 2048; }
    http {
      access_log off;
      keepalive_requests ${keepaliveRequests};
      default_type application/octet-stream;
      ${places.map((place) => `${place}_temp_path ${folder}/${place};`).join('\n')}
      server {
        listen 127.0.0.1:${http1};
        listen 127.0.0.1:${http2} http2;
        root ${root};
        location = /echo { return 200 "$request_method $request_uri"; }
      }
    }`;
  const file = join(folder, 'nginx.conf');
  await writeFile(file, config);
  // As root its workers would be somebody who may not read the folder.
  const user = process.geteuid?.() === 0 ? ['-g', 'user root;'] : [];
  await startChild(NGINX, ['-e', 'stderr', '-c', file, ...user], { name: 'nginx', owner });
  const answers = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${http1}/echo`)).ok;
  await waitUntil(answers, { what: 'nginx answers' });
  return { http1, http2 };
}
