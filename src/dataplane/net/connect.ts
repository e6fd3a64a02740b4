import net from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { inWords } from '../../core/connect-trouble.ts';
import { Connection, type ConnectionHandler } from './connection.ts';
import type { NetContext } from './net-context.ts';

/** Named like the key of the config that bounds it. */
const TIMED_OUT = inWords({ code: 'connectTimeout', message: '' });

export interface ConnectOptions {
  host: string;
  port: number;
  timeoutMs: number;
  /** See ConnectionHandler.onBacklog. */
  highWater: number;
}

export interface ConnectHandler extends ConnectionHandler {
  onConnect(): void;
}

/**
 * Opens a connection. The handler hears either `onConnect` and later `onClose`, or only
 * `onClose` with the reason why it failed, in words (`connection refused (ECONNREFUSED)`).
 */
export function connect(
  context: NetContext,
  clock: Clock,
  options: ConnectOptions,
  handler: ConnectHandler,
): Connection {
  const socket = net.connect({
    host: options.host,
    port: options.port,
    allowHalfOpen: true,
    onread: {
      buffer: context.readBuffer,
      callback: (length) => {
        connection.deliver(length);
        return true;
      },
    },
  });
  const connection = new Connection(context, socket, `${options.host}:${options.port}`, options.highWater, handler);
  const timer = clock.after(options.timeoutMs, () => connection.destroy(TIMED_OUT));
  // After the connection's own listener, so that this is the reason that stays.
  socket.on('error', (error: NodeJS.ErrnoException) => connection.destroy(inWords(error)));
  socket.once('connect', () => {
    timer.cancel();
    handler.onConnect();
  });
  socket.once('close', () => timer.cancel());
  return connection;
}
