import type { HostPort } from '../../src/config/address.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { RegistryDeps } from '../../src/registry/registry-type.ts';
import type { Registry, ServiceKey } from '../../src/registry/registry.ts';
import { zookeeperRegistry } from '../../src/registry/zookeeper/zookeeper-registry.ts';
import type { ZookeeperOptions } from '../../src/registry/zookeeper/zookeeper-registry.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import type { Owner } from './children.ts';

/** ms; a server of test/support/zookeeper.ts expires sessions once in a tick of 200. */
export const SHORT_SESSION = 1000;
/** ms after a reconnect until what is missing is believed to be gone. */
export const SETTLE = 1500;

/** A registry as a process of its own would have, quick to come back; closed with its owner. */
export async function openRegistry(
  owner: Owner,
  server: HostPort,
  options: Partial<ZookeeperOptions> = {},
  deps: Partial<RegistryDeps> = {},
): Promise<Registry> {
  const registry = await zookeeperRegistry.create(
    {
      address: [server],
      root: '/',
      sessionTimeout: 10_000,
      settle: SETTLE,
      backoff: { base: 20, max: 200 },
      ...options,
    },
    { clock: systemClock, chance: Math.random, log: silentLogger, nodeId: 'node', app: 'shop', ...deps },
  );
  owner.after(() => registry.close());
  return registry;
}

/** Where the providers of a service are. */
export function providersOf(key: ServiceKey, root = ''): string {
  return `${root}/sofa-rpc/${key.service.split(':')[0]}/providers`;
}
