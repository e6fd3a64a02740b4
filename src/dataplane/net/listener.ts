import net from 'node:net';
import { WeftError } from '../../core/errors.ts';
import { Connection, type ConnectionHandler } from './connection.ts';
import { terminateTls, type TlsServerOptions } from './tls-server.ts';
import type { NetContext } from './net-context.ts';

export interface ListenOptions {
  host: string;
  /** 0 takes a free one; see `Listener.port`. */
  port: number;
  /** More are closed as soon as they are accepted. Asked for each: it may change. */
  maxConnections: () => number;
  /** See ConnectionHandler.onBacklog. */
  highWater: number;
  /** Absent: clear text. */
  tls?: TlsServerOptions | undefined;
}

/** Makes the handler of an accepted connection. It gets the connection through `attach`. */
export type AcceptHandler = (attach: (handler: ConnectionHandler) => Connection) => void;

export interface Listener {
  readonly port: number;
  /** Accepts no more; connections that are open stay. */
  close(): Promise<void>;
}

/** node's handle of a listening socket; what is called for each accepted connection. */
interface ServerHandle {
  onconnection(status: number, client: unknown): void;
}

/** @throws WeftError `listen_failed`, which names the address and the reason. */
export async function listen(context: NetContext, options: ListenOptions, accept: AcceptHandler): Promise<Listener> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFailed(options, error)));
    server.listen({ host: options.host, port: options.port, backlog: 4096 }, resolve);
  });
  let open = 0;
  // node:net would give each accepted socket buffers and stream machinery of its own; only at
  // this place can a socket be made that reads into the shared buffer.
  const handle = (server as unknown as { _handle: ServerHandle })._handle;
  handle.onconnection = (status, client) => {
    if (status !== 0 || client === undefined) return;
    if (open >= options.maxConnections()) return (client as { close(): void }).close();
    open++;
    const { highWater, tls } = options;
    const leave = (): void => void open--;
    if (tls === undefined) acceptOne(context, client, highWater, accept, leave);
    else acceptEncrypted(context, client, highWater, accept, leave, tls);
  };
  return {
    port: (server.address() as net.AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function acceptOne(
  context: NetContext,
  client: unknown,
  highWater: number,
  accept: AcceptHandler,
  onClose: () => void,
): void {
  let connection: Connection | undefined;
  const socket = new net.Socket({
    handle: client,
    allowHalfOpen: true,
    onread: {
      buffer: context.readBuffer,
      callback: (length: number) => {
        connection?.deliver(length);
        return true;
      },
    },
  } as net.SocketConstructorOpts);
  socket.once('close', onClose);
  const remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
  accept((handler) => (connection = new Connection(context, socket, remote, highWater, handler)));
}

/** Node's TLS gives its clear text in buffers of its own. */
function acceptEncrypted(
  context: NetContext,
  client: unknown,
  highWater: number,
  accept: AcceptHandler,
  onClose: () => void,
  tls: TlsServerOptions,
): void {
  const raw = new net.Socket({ handle: client, allowHalfOpen: true } as net.SocketConstructorOpts);
  const remote = `${raw.remoteAddress ?? 'unknown'}:${raw.remotePort ?? 0}`;
  const socket = terminateTls(raw, remote, tls);
  socket.once('close', onClose);
  accept((handler) => {
    const connection = new Connection(context, socket, remote, highWater, handler, true);
    socket.on('data', (chunk: Buffer) => connection.deliverChunk(chunk));
    return connection;
  });
}

function listenFailed(options: ListenOptions, error: NodeJS.ErrnoException): WeftError {
  const where = `${options.host}:${options.port}`;
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another process listens there; stop it or choose another port',
    EACCES: 'ports below 1024 need the CAP_NET_BIND_SERVICE capability; choose a higher one',
    EADDRNOTAVAIL: 'this machine has no such address',
  };
  const reason = reasons[error.code ?? ''] ?? error.message;
  return new WeftError('listen_failed', `cannot listen on ${where}: ${reason} (${error.code ?? 'unknown'})`, {
    side: 'local',
    cause: error,
  });
}
