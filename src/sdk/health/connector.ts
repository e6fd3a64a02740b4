import { connect as netConnect } from 'node:net';
import type { HostPort } from '../../config/address.ts';
import { inWords, whatToCheck } from '../../core/connect-trouble.ts';

export interface ConnectionHandlers {
  onOpen(): void;
  onData(chunk: Buffer): void;
  /** The connection is gone, or was never made; once, and not after `close()`. */
  onClose(reason: string): void;
}

export interface PortConnection {
  write(bytes: Buffer): void;
  /** Ends it; no handler is called afterwards. */
  close(): void;
}

/** Opens connections to the application's ports. Handlers are never called before `connect` returns. */
export interface PortConnector {
  connect(address: HostPort, handlers: ConnectionHandlers): PortConnection;
}

export function createTcpConnector(): PortConnector {
  return {
    connect({ host, port }, handlers) {
      let reason = 'the application closed the connection';
      const socket = netConnect({ host, port, noDelay: true });
      socket.on('connect', () => handlers.onOpen());
      socket.on('data', (chunk: Buffer) => handlers.onData(chunk));
      socket.on('error', (error: NodeJS.ErrnoException) => {
        const words = inWords(error);
        const check = whatToCheck(words, 'the app');
        reason = check === undefined ? words : `${words}; ${check}`;
      });
      socket.on('close', () => handlers.onClose(reason));
      return {
        write: (bytes) => void socket.write(bytes),
        close() {
          socket.removeAllListeners('connect').removeAllListeners('data').removeAllListeners('close');
          socket.destroy();
        },
      };
    },
  };
}
