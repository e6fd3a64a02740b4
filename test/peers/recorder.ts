import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Owner } from '../support/children.ts';

export type Recorder = {
  /** host:port to call instead of the target. */
  readonly address: string;
  /** What clients have sent, one buffer for each chunk that arrived. */
  readonly sent: readonly Buffer[];
};

/** Stands before a server and keeps what its clients send, to see what is really on the wire. */
export async function startRecorder(target: { host: string; port: number }, owner: Owner): Promise<Recorder> {
  const sent: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    client.on('data', (chunk) => sent.push(chunk as Buffer));
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // An error of one side ends the pair; 'close' follows.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
        sockets.delete(socket);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  owner.after(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sent };
}
