/**
 * An app that offers com.demo.Echo:1.0 with sofa-rpc-node and registers it at its sidecar. The defaults are
 * the ports in examples/config/provider.yaml; run.sh brings the Node that runs TypeScript.
 *
 *   scripts/run.sh examples/demo/provider.ts --name provider-1 --port 12199 --sidecar http://127.0.0.1:13331
 */
import { parseArgs } from 'node:util';
import { introduce, publish } from './sidecar-api.ts';
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

try {
  await introduce(sidecar, name);
  await publish(sidecar, 'com.demo.Echo:1.0', Number(port));
} catch (error) {
  console.error(`${name}: ${(error as Error).message}`);
  process.exit(1);
}
// It is published as soon as the sidecar finds it healthy.
console.log(
  `${name} serves com.demo.Echo:1.0 at port ${port}; its sidecar says how it fares: curl ${sidecar}/services`,
);
process.send?.({ type: 'ready' });
