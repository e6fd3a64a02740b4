import type { Owner } from './children.ts';
import { replyTo, requestOf, startRawProvider, type RawPeer } from './raw-bolt.ts';

export interface NamedProvider {
  readonly port: number;
  /** Answers the requests that say "hold", which it has not answered by itself. */
  readonly held: (() => void)[];
  close(): void;
}

/** A provider that answers each request with its name, but "hold" only when a test says so. */
export async function startNamedProvider(owner: Owner, name: string): Promise<NamedProvider> {
  const held: (() => void)[] = [];
  const { port, close } = await startRawProvider(owner, (frame, peer) => {
    const answer = (): void => peer.send(replyTo(frame, Buffer.from(name)));
    if (frame.content.toString() === 'hold') held.push(answer);
    else answer();
  });
  return { port, held, close };
}

/** Asks who answers for `service`; rejects when nobody does. */
export async function ask(client: RawPeer, service: string, content = ''): Promise<string> {
  const id = client.nextId();
  client.send(requestOf(service, id, Buffer.from(content)));
  const reply = await client.reply(id);
  const text = reply.content.toString('latin1');
  if (reply.statusOrTimeout !== 0) throw new Error(`status ${reply.statusOrTimeout}: ${text}`);
  return text;
}
