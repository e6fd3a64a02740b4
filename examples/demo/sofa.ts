/** The part of sofa-rpc-node that the demo's apps use; the package brings no types. */
import { createRequire } from 'node:module';

export interface RpcConsumer {
  ready(): Promise<void>;
  invoke(method: string, args: readonly unknown[], options: { responseTimeout: number }): Promise<unknown>;
}

export interface RpcClient {
  createConsumer(options: { interfaceName: string; serverHost: string }): RpcConsumer;
  close(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): void;
}

export interface RpcServer {
  addService(service: { interfaceName: string }, methods: Record<string, (...args: never[]) => unknown>): void;
  start(): Promise<void>;
  on(event: 'error', listener: (error: Error) => void): void;
}

interface SofaRpc {
  readonly client: { readonly RpcClient: new (options: object) => RpcClient };
  readonly server: { readonly RpcServer: new (options: object) => RpcServer };
}

const sofa = createRequire(import.meta.url)('sofa-rpc-node') as SofaRpc;

const ignore = (): void => undefined;
/** What goes wrong with a call is its caller's to tell; the library would log it a second time. */
const logger = { info: ignore, debug: ignore, warn: ignore, error: ignore };

export function createServer(appName: string, port: number): RpcServer {
  return new sofa.server.RpcServer({ appName, port, logger });
}

export function createClient(): RpcClient {
  const client = new sofa.client.RpcClient({ logger });
  // Every failure of a connection is emitted too; each call has its own error.
  client.on('error', ignore);
  return client;
}
