/**
 * The simplest relay of bytes on node:net: `node bench/relay.ts LISTEN_PORT TARGET_PORT`, both on 127.0.0.1. It shows
 * what Node's sockets cost before anything is read or decided.
 */
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

const [listenPort, targetPort] = process.argv.slice(2).map(Number);

function pass(from: Socket, to: Socket): void {
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
}

const server = createServer({ noDelay: true }, (client) => {
  const upstream = connect({ host: '127.0.0.1', port: targetPort ?? 0, noDelay: true });
  pass(client, upstream);
  pass(upstream, client);
});
server.listen({ host: '127.0.0.1', port: listenPort ?? 0, backlog: 4096 }, () => process.stdout.write('ready\n'));
