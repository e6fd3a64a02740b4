/**
 * An app that offers com.demo.Echo:1.0 with sofa-rpc-node and registers it at its sidecar. The defaults are
 * the ports in examples/config/provider.yaml; run.sh brings the Node that runs TypeScript.
 *
 *   scripts/run.sh examples/demo/provider.ts --name provider-1 --port 12199 --sidecar http://127.0.0.1:13331
 */
import { parseArgs } from 'node:util';
import { register } from './register.ts';
import { createServer } from './sofa.ts';

const { values } = parseArgs({
  options: { name: { type: 'string' }, port: { type: 'string' }, sidecar: { type: 'string' } },
});
const { name = 'provider-1', port = '12199', sidecar = 'http://127.0.0.1:13331' } = values;

const server = createServer(name, Number(port));
// The reply says who gave it, so that the consumer can tell who serves how much.
server.addService({ interfaceName: 'com.demo.Echo' }, { echo: async (text: string) => `${name}: ${text}` });
server.on('error', (error) => console.error(error));
await server.start();
await register({ name, service: 'com.demo.Echo:1.0', protocol: 'bolt', port: Number(port), sidecar });
