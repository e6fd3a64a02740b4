import { once } from 'node:events';
import { connect } from 'node:http2';
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { text } from 'node:stream/consumers';
import { GRPC_REQUEST_FIELDS, HTTP_HOST, RPC, SMALL } from './http-traffic.ts';

/** A proxy that takes the call and never answers fails it. */
const TIMEOUT_MS = 2000;

/** Makes one call over HTTP/2 with prior knowledge; rejects unless the reply, with gRPC its status too, is as it should be. */
export async function callHttp2(port: number, grpc: boolean): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  // The stream reports what ends the session.
  session.on('error', () => undefined);
  session.setTimeout(TIMEOUT_MS, () => session.destroy(new Error(`no reply within ${TIMEOUT_MS} ms`)));
  try {
    const { path, reply } = grpc ? RPC : SMALL;
    const fields = { ':path': path, ':authority': HTTP_HOST, ':method': grpc ? 'POST' : 'GET' };
    const stream = session.request({ ...fields, ...(grpc ? GRPC_REQUEST_FIELDS : {}) });
    stream.end(grpc ? RPC.reply : undefined);
    await expectReply(stream, reply, grpc ? '0' : undefined);
  } finally {
    session.destroy();
  }
}

async function expectReply(stream: ClientHttp2Stream, reply: Buffer, expected: string | undefined): Promise<void> {
  let grpcStatus: unknown;
  stream.on('trailers', (fields) => (grpcStatus = fields['grpc-status']));
  stream.setEncoding('latin1');
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  const body = await text(stream);
  const status = Number(head[':status']);
  if (status !== 200) throw new Error(`status ${status}`);
  if (body !== reply.toString('latin1')) throw new Error(`a body of ${body.length} other bytes`);
  if (grpcStatus !== expected) throw new Error(`grpc-status ${String(grpcStatus)} in the trailers`);
}
