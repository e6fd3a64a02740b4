import { createRequire } from 'node:module';
import type { Owner } from '../../support/children.ts';

/** A typed value as sofa-rpc-node wants it, so that the other side gets the parameter types of its own. */
type Typed = { $class: string; $: unknown };
type Argument = Typed | Buffer;

type RpcConsumer = {
  ready(): Promise<void>;
  invoke(method: string, args: Argument[], options: { responseTimeout?: number }): Promise<unknown>;
};
type RpcClient = { createConsumer(options: object): RpcConsumer; close(): Promise<void> };

export type NodeConsumer = {
  echo(text: string): Promise<string>;
  /** The number of bytes that came back; rejects when they are not those that were sent. */
  echoBytes(size: number): Promise<number>;
  sum(a: number, b: number): Promise<number>;
  fail(text: string): Promise<never>;
  slow(millis: number, timeoutMs: number): Promise<string>;
  name(): Promise<string>;
};

/** Connects a consumer of com.demo.Echo:1.0, made with sofa-rpc-node, to host:port; it closes with its owner. */
export async function openNodeConsumer(address: string, owner: Owner): Promise<NodeConsumer> {
  const { client: rpc } = createRequire(import.meta.url)('sofa-rpc-node') as {
    client: { RpcClient: new (options: object) => RpcClient };
  };
  const nothing = (): void => undefined;
  const client = new rpc.RpcClient({ logger: { info: nothing, debug: nothing, warn: nothing, error: nothing } });
  owner.after(() => client.close());
  const consumer = client.createConsumer({
    interfaceName: 'com.demo.Echo',
    serverHost: address,
    // Its health check sleeps so long between two looks, and a sleep keeps the test's process alive.
    retryFaultInterval: 200,
  });
  await consumer.ready();

  const text = (value: string): Typed => ({ $class: 'java.lang.String', $: value });
  const invoke = (method: string, args: Argument[], responseTimeout = 3_000): Promise<unknown> =>
    consumer.invoke(method, args, { responseTimeout });
  return {
    echo: async (value) => (await invoke('echo', [text(value)])) as string,
    async echoBytes(size) {
      const sent = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >>> 8)) & 0xff));
      const back = (await invoke('echoBytes', [sent])) as Buffer;
      if (!sent.equals(back)) throw new Error('echoBytes brought back other bytes');
      return back.length;
    },
    sum: async (a, b) =>
      (await invoke(
        'sum',
        [a, b].map((value) => ({ $class: 'long', $: value })),
      )) as number,
    fail: async (value) => (await invoke('fail', [text(value)])) as never,
    slow: async (millis, timeoutMs) => (await invoke('slow', [{ $class: 'int', $: millis }], timeoutMs)) as string,
    name: async () => (await invoke('name', [])) as string,
  };
}
