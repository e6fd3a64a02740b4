/**
 * An app that answers `GET /price` with node:http and registers at its sidecar as shop.http, unless that is `none`. The
 * defaults are the ports in examples/config/provider.yaml; run.sh brings the Node that runs TypeScript.
 *
 *   scripts/run.sh examples/demo/shop.ts --name shop --port 12199 --sidecar http://127.0.0.1:13331
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { register } from './register.ts';

const { values } = parseArgs({
  options: { name: { type: 'string' }, port: { type: 'string' }, sidecar: { type: 'string' } },
});
const { name = 'shop', port = '12199', sidecar = 'http://127.0.0.1:13331' } = values;

const server = createServer((request, response) => {
  if (request.method !== 'GET' || request.url !== '/price') return response.writeHead(404).end();
  response.setHeader('content-type', 'application/json');
  return response.end(`${JSON.stringify({ shop: name, price: 42 })}\n`);
});
server.listen(Number(port), '127.0.0.1');
await once(server, 'listening');
await register({ name, service: 'shop.http', protocol: 'http', port: Number(port), sidecar });
