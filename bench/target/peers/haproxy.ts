import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/support/children.ts';
import type { TargetKind } from '../target.ts';
import { startServing } from '../target.ts';
import { ensureTools, versionOf } from '../tools.ts';

export const haproxy: TargetKind = {
  name: 'haproxy',
  about: 'HAProxy, one thread, no logging; Bolt in TCP mode: it carries the same bytes and reads none of them',
  protocols: ['bolt', 'http1'],
  version: () => versionOf('haproxy', ['-v'], /version (\d+(?:\.\d+)*)/),
  prepare: () => ensureTools({ haproxy: 'haproxy' }),
  async start(place) {
    const port = await freePort();
    const file = join(place.folder, 'haproxy.cfg');
    const mode = place.protocol === 'bolt' ? TCP : HTTP;
    await writeFile(file, haproxyConfig(port, place.backendPort, mode));
    const child = await startServing(place, port, 'haproxy', 'haproxy', ['-db', '-f', file]);
    return { name: 'haproxy', port, proxies: [child] };
  },
};

const TCP = ['mode tcp'];

/** Its buffers stay at the default of 16 KiB, and nothing is spliced: on loopback `option splice-auto` gains nothing. */
const HTTP = [
  'mode http',
  // As every other proxy here: one pool for all callers. HAProxy's own default, "safe", keeps a first request apart.
  'http-reuse always',
  // What a sidecar and Envoy do by default, so that all do the same work; without the two it costs 4 % less.
  'http-request set-header x-request-id %[uuid()] unless { req.hdr(x-request-id) -m found }',
  'http-request add-header via "1.1 haproxy"',
];

function haproxyConfig(port: number, backendPort: number, mode: readonly string[]): string {
  return `global
  nbthread 1
  maxconn 4000
defaults
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen echo
  ${mode.join('\n  ')}
  bind 127.0.0.1:${port}
  server echo 127.0.0.1:${backendPort}
`;
}
