/**
 * An app that offers demo.Greeter/SayHello, of gRPC, with node:http2 and registers at its sidecar as greeter.grpc,
 * unless that is `none`. The defaults are the ports in examples/config/provider.yaml; run.sh brings the Node that runs TypeScript.
 *
 *   scripts/run.sh examples/demo/greeter.ts --name greeter --port 12199 --sidecar http://127.0.0.1:13331
 */
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { buffer } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { decodeMessage, encodeMessage, GRPC_OK, GRPC_TYPE, GRPC_UNIMPLEMENTED, SAY_HELLO } from './grpc.ts';
import { register } from './register.ts';

const { values } = parseArgs({
  options: { name: { type: 'string' }, port: { type: 'string' }, sidecar: { type: 'string' } },
});
const { name = 'greeter', port = '12199', sidecar = 'http://127.0.0.1:13331' } = values;

const server = createServer();
server.on('stream', (stream: ServerHttp2Stream, { ':path': path }) => {
  // A caller that goes away, or sends what is no message, ends its own call.
  stream.on('error', () => undefined);
  if (path === SAY_HELLO) sayHello(stream).catch(() => stream.close());
  else stream.respond({ 'content-type': GRPC_TYPE, 'grpc-status': GRPC_UNIMPLEMENTED }, { endStream: true });
});

async function sayHello(stream: ServerHttp2Stream): Promise<void> {
  const caller = decodeMessage(await buffer(stream));
  stream.respond({ 'content-type': GRPC_TYPE }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': GRPC_OK }));
  stream.end(encodeMessage(`${name}: hello, ${caller}`));
}

server.listen(Number(port), '127.0.0.1');
await once(server, 'listening');
await register({ name, service: 'greeter.grpc', protocol: 'grpc', port: Number(port), sidecar });
