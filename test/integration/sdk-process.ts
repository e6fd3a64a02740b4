/** A local API as a process: `sdk-process.ts <state directory>`. Tells on standard output what its registry sees. */
import { systemClock } from '../../src/core/clock.ts';
import { boltCodec } from '../../src/dataplane/codec/bolt/codec.ts';
import { createLocalApi } from '../../src/sdk/local-api.ts';
import { FakeRegistry } from '../../src/sdk/testing/fakes.ts';
import { createLogger } from '../../src/telemetry/log.ts';

const registry = new FakeRegistry();
const api = createLocalApi(
  {
    address: { host: '127.0.0.1', port: 0 },
    stateDir: process.argv[2] ?? '',
    node: { id: 'node-1', app: 'node-app', zone: '' },
    ingress: () => ({ advertise: { host: '10.0.0.7', port: 12200 }, app: { host: '127.0.0.1', port: 12199 } }),
    health: {},
    firstPush: () => 100,
  },
  {
    registry,
    watches: registry,
    codec: boltCodec,
    clock: systemClock,
    log: createLogger({ control: { level: 'info' }, format: 'text' }),
  },
);

const told = new Set<string>();
const tell = (line: string): void => {
  if (!told.has(line)) console.log(line);
  told.add(line);
};
api.onChange(() => {
  for (const { service, protocol } of registry.published) {
    tell(`published ${service}@${protocol} ${api.portOf(service, protocol)}`);
  }
  for (const key of registry.watched) tell(`watched ${key}`);
});
await api.start();
console.log(`READY ${api.address.port}`);
