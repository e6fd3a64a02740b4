/** The part of sofa-rpc-node that the demo's apps use; the package brings no types. */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

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
  on(event: 'connection', listener: (connection: { readonly socket: Socket }) => void): void;
}

interface SofaRpc {
  readonly client: { readonly RpcClient: new (options: object) => RpcClient };
  readonly server: { readonly RpcServer: new (options: object) => RpcServer };
}

const sofa = createRequire(import.meta.url)('sofa-rpc-node') as SofaRpc;

const ignore = (): void => undefined;
/** What goes wrong with a call is its caller's to tell; the library would log it a second time. */
const logger = { info: ignore, debug: ignore, warn: ignore, error: ignore };

const LOOPBACK = /^(::ffff:)?127\.|^::1$/;

export function createServer(appName: string, port: number): RpcServer {
  const server = new sofa.server.RpcServer({ appName, port, logger });
  server.on('connection', ({ socket }) => {
    // The library listens on all interfaces; the demo is for this machine alone.
    if (!LOOPBACK.test(socket.remoteAddress ?? '')) socket.destroy();
    // A reply is written in pieces; Nagle's algorithm would hold the last of them back.
    socket.setNoDelay(true);
  });
  return server;
}

export function createClient(): RpcClient {
  const client = new sofa.client.RpcClient({ logger });
  // Every failure of a connection is emitted too; each call has its own error.
  client.on('error', ignore);
  return client;
}
