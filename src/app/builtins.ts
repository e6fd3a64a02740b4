import type { Protocol, RegistryConfig } from '../config/config.ts';
import { boltCodec } from '../dataplane/codec/bolt/codec.ts';
import type { CorrelatedCodec } from '../dataplane/message/correlated-codec.ts';
import type { RegistryDeps } from '../registry/registry-type.ts';
import type { Registry } from '../registry/registry.ts';

/**
 * Every codec and registry that Weft has. Nothing registers itself: what is not listed here
 * does not exist, and a config that names it is refused.
 */

export const CODECS = {
  bolt: boltCodec,
} satisfies Readonly<Partial<Record<Protocol, CorrelatedCodec>>>;

/** A registry's code is loaded only by those who use it: a sidecar does not pay for the others. */
export async function createRegistry(config: RegistryConfig, deps: RegistryDeps): Promise<Registry> {
  switch (config.type) {
    case 'embedded': {
      const { embeddedRegistry } = await import('../registry/embedded/embedded-registry.ts');
      return embeddedRegistry.create(config, deps);
    }
    case 'file': {
      const { fileRegistry } = await import('../registry/file/file-registry.ts');
      return fileRegistry.create(config, deps);
    }
    case 'zookeeper': {
      const { zookeeperRegistry } = await import('../registry/zookeeper/zookeeper-registry.ts');
      return zookeeperRegistry.create(config, deps);
    }
  }
}
