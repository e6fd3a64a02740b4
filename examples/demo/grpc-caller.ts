import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { TIMEOUT_MS } from './call-loop.ts';
import type { Caller } from './call-loop.ts';
import { decodeMessage, encodeMessage, GRPC_OK, GRPC_TYPE, SAY_HELLO } from './grpc.ts';

/**
 * Calls demo.Greeter/SayHello through a sidecar, over one connection: the calls name the service as their authority.
 *
 * @param sidecar `host:port` of its egress
 */
export function createGrpcCaller(sidecar: string, service: string): Caller {
  let session: ClientHttp2Session | undefined;
  const open = (): ClientHttp2Session => {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    session = connect(`http://${sidecar}`);
    // Each call has its own error.
    session.on('error', () => undefined);
    return session;
  };
  return {
    call: () => sayHello(open(), service),
    async close() {
      session?.close();
    },
  };
}

async function sayHello(session: ClientHttp2Session, service: string): Promise<string> {
  const headers = {
    ':method': 'POST',
    ':path': SAY_HELLO,
    ':authority': service,
    'content-type': GRPC_TYPE,
    te: 'trailers',
    'grpc-timeout': `${TIMEOUT_MS}m`,
  };
  const stream = session.request(headers, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  // What goes wrong is in either of them: a response of trailers alone begins and ends with its head.
  let status: IncomingHttpHeaders = {};
  const take = (fields: IncomingHttpHeaders): void => {
    status = { ...status, ...fields };
  };
  stream.on('response', take).on('trailers', take);
  stream.end(encodeMessage('Weft'));
  const body = await buffer(stream);
  if (Number(status['grpc-status'] ?? NaN) !== GRPC_OK) {
    throw new Error(
      `grpc-status ${String(status['grpc-status'])} ${decodeURIComponent(String(status['grpc-message'] ?? ''))}`,
    );
  }
  return decodeMessage(body).split(':', 1)[0] ?? '';
}
