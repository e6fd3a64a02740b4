import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/support/children.ts';
import { nginxArguments, nginxConfig } from '../../tools/nginx.ts';
import type { TargetKind } from '../target.ts';
import { startServing } from '../target.ts';
import { ensureTools, versionOf } from '../tools.ts';

export const nginx: TargetKind = {
  name: 'nginx',
  about: 'nginx as a reverse proxy, one process, no logging',
  protocols: ['http1'],
  version: () => versionOf('nginx', ['-v'], /nginx\/(\d+(?:\.\d+)*)/),
  prepare: () => ensureTools({ nginx: 'nginx' }),
  async start(place) {
    const port = await freePort();
    const file = join(place.folder, 'nginx-proxy.conf');
    await writeFile(file, nginxConfig(place.folder, server(port), upstream(place.backendPort)));
    const child = await startServing(place, port, 'nginx', 'nginx', nginxArguments(place.folder, file));
    return { name: 'nginx', port, proxies: [child] };
  },
};

/** Without `keepalive`, nginx opens a connection for every request. */
function upstream(backendPort: number): string {
  return `upstream echo { server 127.0.0.1:${backendPort}; keepalive 64; keepalive_requests 1000000000; }`;
}

/**
 * HTTP/1.1 upstream for its keep-alive, the caller's Host as the others pass it, and a request id and Via as they add
 * them. Buffers of HAProxy's size instead of one page each; a large reply waits in them and never in a file.
 */
function server(port: number): string {
  return `
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://echo;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header Via "1.1 nginx";
      proxy_buffers 16 16k;
      proxy_max_temp_file_size 0;
    }`;
}
