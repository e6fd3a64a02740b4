import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { LAYOUT } from '../../bench/load/frames.ts';
import { startChild, type Child, type Owner } from './children.ts';

const PROVIDER = join(import.meta.dirname, '../peers/node/provider.ts');

/** A real SOFARPC provider of com.demo.Echo:1.0 as a process of its own, on 127.0.0.1:port. */
export function startProvider(owner: Owner, name: string, port: number): Promise<Child> {
  return startChild(process.execPath, [PROVIDER, name, String(port)], { name, ready: /^READY/, owner });
}

/** A value with its Java type, as sofa-rpc-node wants it. */
type Typed = { readonly $class: string; readonly $: unknown };
interface RpcConsumer {
  ready(): Promise<void>;
  invoke(method: string, args: readonly (Typed | Buffer)[], options: object): Promise<unknown>;
}
interface RpcClient {
  createConsumer(options: object): RpcConsumer;
  close(): Promise<void>;
}
interface SofaRpcNode {
  readonly client: { readonly RpcClient: new (options: object) => RpcClient };
}

export interface EchoConsumer {
  echo(text: string, timeoutMs?: number): Promise<string>;
  /** The number of bytes that came back; rejects when they are not those that were sent. */
  echoBytes(size: number): Promise<number>;
  sum(a: number, b: number): Promise<number>;
  fail(text: string): Promise<never>;
  slow(ms: number, timeoutMs: number): Promise<string>;
  /** The provider's name. */
  name(timeoutMs?: number): Promise<string>;
}

/** A real SOFARPC consumer that calls 127.0.0.1:port. It closes with its owner. */
export async function openConsumer(owner: Owner, port: number, interfaceName = 'com.demo.Echo'): Promise<EchoConsumer> {
  const { client: rpc } = createRequire(import.meta.url)('sofa-rpc-node') as SofaRpcNode;
  const nothing = (): void => undefined;
  const client = new rpc.RpcClient({ logger: { info: nothing, debug: nothing, warn: nothing, error: nothing } });
  owner.after(() => client.close());
  const consumer = client.createConsumer({
    interfaceName,
    serverHost: `bolt://127.0.0.1:${port}?serialization=hessian2`,
    // Its timer keeps the process alive for this long after the end.
    retryFaultInterval: 200,
  });
  await consumer.ready();
  const text = (value: string): Typed => ({ $class: 'java.lang.String', $: value });
  const long = (value: number): Typed => ({ $class: 'long', $: value });
  const invoke = (method: string, args: readonly (Typed | Buffer)[], responseTimeout = 5_000): Promise<unknown> =>
    consumer.invoke(method, args, { responseTimeout });
  return {
    echo: async (value, timeoutMs) => (await invoke('echo', [text(value)], timeoutMs)) as string,
    async echoBytes(size) {
      const sent = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + (i >>> 8)) & 0xff));
      const back = (await invoke('echoBytes', [sent], 20_000)) as Buffer;
      if (!sent.equals(back)) throw new Error('other bytes came back');
      return back.length;
    },
    sum: async (a, b) => (await invoke('sum', [long(a), long(b)])) as number,
    fail: async (value) => (await invoke('fail', [text(value)])) as never,
    slow: async (ms, timeoutMs) => (await invoke('slow', [{ $class: 'int', $: ms }], timeoutMs)) as string,
    name: async (timeoutMs) => (await invoke('name', [], timeoutMs)) as string,
  };
}

/** The version of a frame as sofa-bolt-node names it; what it read of a v1 frame says the first alone. */
export interface BoltVersion {
  readonly protocolType: 'bolt' | 'bolt2';
  readonly boltVersion?: number;
  readonly crcEnable?: boolean;
}

interface BoltReply {
  readonly data: { readonly appResponse?: unknown; readonly error?: Error };
  readonly options: BoltVersion;
}

export interface BoltClient {
  ready(): Promise<void>;
  invoke(request: object): Promise<BoltReply>;
  oneway(request: object): void;
  readonly conn: {
    /** Its own close never resolves: the socket is ended by hand. */
    readonly socket: Socket;
    /** Takes the version of the next frames as properties. */
    readonly _encoder: object;
    writeHeartbeat(heartbeat: { timeout: number }): Promise<Pick<BoltReply, 'options'>>;
  };
}

/** sofa-bolt-node's own client: raw Bolt, without SOFARPC's discovery and balancing. */
export async function openBoltClient(owner: Owner, port: number): Promise<BoltClient> {
  const { RpcClient } = createRequire(import.meta.url)('sofa-bolt-node') as {
    readonly RpcClient: new (options: object) => BoltClient;
  };
  const nothing = (): void => undefined;
  const logger = { info: nothing, debug: nothing, warn: nothing, error: nothing };
  const client = new RpcClient({ logger, address: { hostname: '127.0.0.1', port } });
  owner.after(async () => void client.conn.socket.destroy());
  await client.ready();
  return client;
}

/** A request of com.demo.Echo:1.0 as sofa-bolt-node takes it. */
export function echoRequest(methodName: string, text: string): object {
  return {
    serverSignature: 'com.demo.Echo:1.0',
    methodName,
    args: [{ $class: 'java.lang.String', $: text }],
    timeout: 3_000,
  };
}

/** The class and the content of such a request, for frames that sofa-bolt-node does not write. */
export function echoParts(methodName: string, text: string): { readonly className: Buffer; readonly content: Buffer } {
  const { requestEncode } = createRequire(import.meta.url)('sofa-bolt-node/lib/protocol') as {
    requestEncode(id: number, request: object, options: object): Buffer;
  };
  const options = { protocolType: 'bolt', codecType: 'hessian2', boltVersion: 1 };
  const frame = requestEncode(1, echoRequest(methodName, text), options);
  const { fixed, lengths } = LAYOUT.v1.request;
  const headerAt = fixed + frame.readUInt16BE(lengths);
  const contentAt = headerAt + frame.readUInt16BE(lengths + 2);
  return { className: frame.subarray(fixed, headerAt), content: frame.subarray(contentAt) };
}
