import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Owner } from './children.ts';

/** A TCP relay to a port of this machine, which can be made to fail in the ways of a network. */
export interface Relay {
  readonly port: number;
  /** From now on the present connections carry nothing, without an end; new ones work. */
  cut(): void;
  /** Ends the present connections and takes no new ones. */
  sever(): void;
  /** Takes connections again. */
  heal(): void;
  /** What comes for the clients is not passed on to them. */
  pause(): void;
  resume(): void;
}

export async function startRelay(owner: Owner, target: number): Promise<Relay> {
  const pairs = new Set<[client: Socket, upstream: Socket]>();
  let severed = false;
  const relay = createServer((client) => {
    if (severed) return client.destroy();
    const upstream = connect(target, '127.0.0.1');
    const pair: [Socket, Socket] = [client, upstream];
    pairs.add(pair);
    client.pipe(upstream).pipe(client);
    for (const socket of pair) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
    return undefined;
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const endAll = (): void => {
    for (const pair of [...pairs]) for (const socket of pair) socket.destroy();
  };
  owner.after(async () => {
    endAll();
    relay.close();
    await once(relay, 'close');
  });
  return {
    port: (relay.address() as AddressInfo).port,
    cut() {
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream).pause();
        upstream.unpipe(client).pause();
      }
    },
    sever() {
      severed = true;
      endAll();
    },
    heal() {
      severed = false;
    },
    pause() {
      for (const [client, upstream] of pairs) upstream.unpipe(client).pause();
    },
    resume() {
      for (const [client, upstream] of pairs) upstream.pipe(client);
    },
  };
}
