/** SOFARPC apps without a sidecar, made with sofa-rpc-node, each a process of its own; see zookeeper-node-peer.ts. */
import { join } from 'node:path';
import { startChild, type Child, type Owner } from './children.ts';

const PEER = join(import.meta.dirname, 'zookeeper-node-peer.ts');

function startPeer(owner: Owner, ...args: string[]): Promise<Child> {
  return startChild(process.execPath, [PEER, ...args], { name: args.slice(0, 2).join(' '), ready: /^READY/, owner });
}

/** Offers com.demo.Echo:1.0 in ZooKeeper. */
export function startPlainProvider(owner: Owner, name: string, port: number, zookeeper: string): Promise<Child> {
  return startPeer(owner, 'provider', name, String(port), zookeeper);
}

/** Offers com.demo.Echo:1.0 and tells no registry: its sidecar does. */
export function startAppServer(owner: Owner, name: string, port: number): Promise<Child> {
  return startPeer(owner, 'server', name, String(port));
}

export interface PlainConsumer {
  /** The name of the provider that answers. One call at a time. */
  name(): Promise<string>;
}

/** Finds com.demo.Echo:1.0 in ZooKeeper. */
export async function startPlainConsumer(owner: Owner, zookeeper: string): Promise<PlainConsumer> {
  const child = await startPeer(owner, 'consumer', 'plain', zookeeper);
  return {
    async name() {
      const seen = child.output.length;
      child.writeLine('');
      const [, kind, text = ''] = await child.waitFor(/^(RESULT|ERROR) (.*)$/, 10_000, seen);
      if (kind === 'ERROR') throw new Error(text);
      return text;
    },
  };
}
