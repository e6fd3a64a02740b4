/** Run as a program: many connections from several loopback addresses that each ask when told to. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** Each source address has its own range of ports. */
const PER_ADDRESS = 5000;
const AT_ONCE = 200;
const REQUEST = 'GET / HTTP/1.1\r\nHost: shop\r\n\r\n';

async function open(port: number, index: number): Promise<Socket> {
  const localAddress = `127.0.0.${2 + Math.floor(index / PER_ADDRESS)}`;
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  await once(socket, 'connect');
  return socket;
}

async function ask(socket: Socket): Promise<boolean> {
  if (socket.destroyed) return false;
  socket.write(REQUEST);
  let text = '';
  socket.resume();
  while (!text.endsWith('ok')) text += String((await once(socket, 'data'))[0]);
  return text.startsWith('HTTP/1.1 200');
}

async function inBatches<T, R>(items: readonly T[], each: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(each))));
  }
  return results;
}

async function main(port: number, count: number): Promise<void> {
  const indexes = Array.from({ length: count }, (_, index) => index);
  const sockets = await inBatches(indexes, (index) => open(port, index));
  console.log('opened');
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== 'ask') break;
    const answered = await inBatches(sockets, ask);
    console.log(`answered ${answered.filter(Boolean).length}`);
  }
  for (const socket of sockets) socket.destroy();
}

await main(Number(process.argv[2]), Number(process.argv[3]));
