import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startChild } from '../../test/support/children.ts';
import { untilServing } from './target.ts';
import type { TargetKind } from './target.ts';

export const direct: TargetKind = {
  name: 'direct',
  about: 'no proxy: the generator calls the echo server',
  start: ({ backendPort }) => Promise.resolve({ name: 'direct', port: backendPort, proxies: [] }),
};

export const relay: TargetKind = {
  name: 'relay',
  about: 'the simplest relay of bytes on node:net (bench/relay.ts): the floor of Node',
  async start({ backendPort, at }) {
    const port = await freePort();
    const file = fileURLToPath(new URL('../relay.ts', import.meta.url));
    const [command, args] = at(process.execPath, [file, String(port), String(backendPort)]);
    const child = await startChild(command, args, { name: 'relay', ready: /^ready$/ });
    return { name: 'relay', port, proxies: [child] };
  },
};

export const haproxy: TargetKind = {
  name: 'haproxy',
  about: 'HAProxy in TCP mode, one thread, no logging: it carries the same bytes and reads none of them',
  async start({ backendPort, folder, at }) {
    const port = await freePort();
    const file = join(folder, 'haproxy.cfg');
    await writeFile(file, haproxyConfig(port, backendPort));
    const [command, args] = at('haproxy', ['-db', '-f', file]);
    const child = await startChild(command, args, { name: 'haproxy' });
    await untilServing(child, port);
    return { name: 'haproxy', port, proxies: [child] };
  },
};

function haproxyConfig(port: number, backendPort: number): string {
  return `global
  nbthread 1
  maxconn 4000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen bolt
  bind 127.0.0.1:${port}
  server echo 127.0.0.1:${backendPort}
`;
}
