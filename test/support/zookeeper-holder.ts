/** A process that publishes 10.9.9.9:12200 in ZooKeeper until it is ended. Arguments: port, service, session timeout. */
import { systemClock } from '../../src/core/clock.ts';
import { zookeeperRegistry } from '../../src/registry/zookeeper/zookeeper-registry.ts';
import { silentLogger } from '../../src/telemetry/log.ts';

const [port, service, timeout] = process.argv.slice(2);
if (service === undefined || timeout === undefined) throw new Error('usage: zookeeper-holder.ts PORT SERVICE TIMEOUT');
const registry = await zookeeperRegistry.create(
  { address: [{ host: '127.0.0.1', port: Number(port) }], root: '/', sessionTimeout: Number(timeout) },
  { clock: systemClock, chance: Math.random, log: silentLogger, nodeId: 'holder' },
);
await registry.publish({ service, protocol: 'bolt', group: '', address: '10.9.9.9:12200', weight: 100, metadata: {} });
console.log('published');
setInterval(() => {}, 60_000);
