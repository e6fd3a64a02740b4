import type { Protocol } from '../scenarios/scenario.ts';
import { callHttp2 } from './http2-call.ts';
import { holdConnections } from './load.ts';

/** Makes one call through `port`; rejects unless it comes back as it should. */
export async function expectAnswer(protocol: Protocol, port: number): Promise<void> {
  switch (protocol) {
    case 'bolt': {
      const dialect = { version: 1, crc: false } as const;
      return (await holdConnections(port, 1, { protocol, dialect, oneByOne: false }))();
    }
    case 'http1':
      return (await holdConnections(port, 1, { protocol }))();
    case 'http2':
    case 'grpc':
      return callHttp2(port, protocol === 'grpc');
  }
}
