/**
 * A SOFARPC app without a sidecar, made with sofa-rpc-node, which finds its peers in ZooKeeper.
 * A process of its own, as its server takes over the process's uncaught exceptions.
 *
 *   provider NAME PORT ZOOKEEPER   offers com.demo.Echo:1.0
 *   consumer NAME ZOOKEEPER        calls it once for each line of its input
 *   server NAME PORT               as provider, but tells no registry
 */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const rpc = createRequire(import.meta.url)('sofa-rpc-node');
const logger = { info() {}, debug() {}, warn() {}, error: console.error };

const [role, name, ...rest] = process.argv.slice(2);
if (role === 'consumer') await consume(rest[0]);
else await provide(Number(rest[0]), rest[1]);
process.stdin.resume().on('end', () => process.exit(0));
console.log('READY');

async function provide(port: number, zookeeper: string | undefined): Promise<void> {
  const registry = zookeeper === undefined ? undefined : await openRegistry(zookeeper);
  const server = new rpc.server.RpcServer({ appName: name, port, publishAddress: '127.0.0.1', registry, logger });
  server.addService({ interfaceName: 'com.demo.Echo' }, { name: async () => name });
  await server.start();
  await server.publish();
}

async function consume(zookeeper: string | undefined): Promise<void> {
  const registry = await openRegistry(zookeeper ?? '');
  const client = new rpc.client.RpcClient({ registry, logger });
  const consumer = client.createConsumer({ interfaceName: 'com.demo.Echo' });
  await consumer.ready();
  createInterface(process.stdin).on('line', () => {
    consumer.invoke('name', [], { responseTimeout: 3000 }).then(
      (result: unknown) => console.log(`RESULT ${String(result)}`),
      (error: unknown) => console.log(`ERROR ${String(error)}`),
    );
  });
}

async function openRegistry(address: string): Promise<unknown> {
  const registry = new rpc.registry.ZookeeperRegistry({ logger, address });
  await registry.ready();
  return registry;
}
