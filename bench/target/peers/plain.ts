import { fileURLToPath } from 'node:url';
import { freePort, startChild } from '../../../test/support/children.ts';
import type { TargetKind } from '../target.ts';

export const direct: TargetKind = {
  name: 'direct',
  about: 'no proxy: the load goes to the server itself',
  protocols: ['bolt', 'http1', 'http2', 'grpc'],
  start: ({ backendPort }) => Promise.resolve({ name: 'direct', port: backendPort, proxies: [] }),
};

export const relay: TargetKind = {
  name: 'relay',
  about: 'the simplest relay of bytes on node:net (bench/relay.ts): the floor of Node',
  protocols: ['bolt'],
  async start({ backendPort, at }) {
    const port = await freePort();
    const file = fileURLToPath(new URL('../../relay.ts', import.meta.url));
    const [command, args] = at(process.execPath, [file, String(port), String(backendPort)]);
    const child = await startChild(command, args, { name: 'relay', ready: /^ready$/ });
    return { name: 'relay', port, proxies: [child], jit: true };
  },
};
