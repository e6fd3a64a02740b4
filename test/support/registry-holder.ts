/** A process that publishes one instance and lives until it is ended. Arguments: port, service. */
import { systemClock } from '../../src/core/clock.ts';
import { embeddedRegistry } from '../../src/registry/embedded/embedded-registry.ts';
import { silentLogger } from '../../src/telemetry/log.ts';

const [port, service] = process.argv.slice(2);
if (port === undefined || service === undefined) throw new Error('usage: registry-holder.ts PORT SERVICE');
const registry = await embeddedRegistry.create(
  { address: { host: '127.0.0.1', port: Number(port) }, backoff: { base: 20, max: 100 } },
  { clock: systemClock, chance: Math.random, log: silentLogger, nodeId: 'holder' },
);
await registry.publish({ service, protocol: 'bolt', group: '', address: '10.9.9.9:12200', weight: 100, metadata: {} });
console.log('published');
setInterval(() => {}, 60_000);
