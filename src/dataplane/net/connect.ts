import net from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { Connection, type ConnectionHandler } from './connection.ts';
import type { NetContext } from './net-context.ts';

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
 * `onClose` with the reason why it failed (`ECONNREFUSED`, `connect timeout`).
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
  const timer = clock.after(options.timeoutMs, () => connection.destroy('connect timeout'));
  socket.once('connect', () => {
    timer.cancel();
    handler.onConnect();
  });
  socket.once('close', () => timer.cancel());
  return connection;
}
