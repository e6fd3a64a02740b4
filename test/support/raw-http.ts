/** HTTP/1 by hand: what is sent is exactly what a test says, and what comes is kept as it came. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { waitUntil, type Owner } from './children.ts';

const DEADLINE_MS = 15_000;

export interface RawMessage {
  /** Request line or status line. */
  readonly start: string;
  /** Names and values in order, as they came. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** The lines of the chunk sizes, extensions included; empty when it was not chunked. */
  readonly chunks: readonly string[];
  readonly trailers: readonly (readonly [name: string, value: string])[];
  readonly status: number;
  /** Values of the fields of a name, joined; undefined when there is none. */
  get(name: string): string | undefined;
}

/** What a socket brings, to be taken piece by piece. Takes wait until it is there, and reject when it cannot come. */
export class RawPeer {
  readonly socket: Socket;
  /** The peer has ended its direction, or all is over. */
  ended = false;
  closed = false;
  #kept: Buffer[] = [];
  #length = 0;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.#kept.push(bytes);
      this.#length += bytes.length;
      this.#wake?.();
    });
    socket.on('end', () => this.#end());
    socket.on('error', () => this.#end());
    socket.on('close', () => {
      this.closed = true;
      this.#end();
    });
  }

  /** Text is sent octet by octet. */
  send(data: string | Buffer): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /** What has come and was not taken. */
  get untaken(): string {
    return this.#all().toString('latin1');
  }

  /** Up to `mark`, which is taken and left out. */
  async until(mark: string): Promise<string> {
    for (let from = 0; ;) {
      const all = this.#all();
      const at = all.indexOf(mark, from, 'latin1');
      if (at >= 0) return this.#take(at + mark.length).toString('latin1', 0, at);
      from = Math.max(0, all.length - mark.length + 1);
      await this.#more(`${JSON.stringify(mark)} after ${JSON.stringify(all.toString('latin1', 0, 300))}`);
    }
  }

  async octets(count: number): Promise<Buffer> {
    while (this.#length < count) await this.#more(`${count} octets, of which there are ${this.#length}`);
    return this.#take(count);
  }

  async toEnd(): Promise<Buffer> {
    await waitUntil(() => this.ended, { what: 'the peer ends', ms: DEADLINE_MS, every: 5 });
    return this.#take(this.#length);
  }

  /** The next message. @param bodyless a response to HEAD. */
  async message(bodyless = false): Promise<RawMessage> {
    const [start = '', ...lines] = (await this.until('\r\n\r\n')).split('\r\n');
    const fields = lines.map(fieldOf);
    const get = valueIn(fields);
    const status = start.startsWith('HTTP') ? Number(start.split(' ')[1]) : 0;
    const message = { start, fields, status, get, chunks: [], trailers: [], body: Buffer.alloc(0) };
    const length = get('content-length');
    if (bodyless || status === 204 || status === 304 || (status > 0 && status < 200)) return message;
    if (get('transfer-encoding') === 'chunked') return { ...message, ...(await this.#chunked()) };
    if (length !== undefined) return { ...message, body: await this.octets(Number(length)) };
    return status === 0 ? message : { ...message, body: await this.toEnd() };
  }

  async hasClosed(): Promise<void> {
    await waitUntil(() => this.ended, { what: 'the connection is closed', ms: DEADLINE_MS, every: 5 });
  }

  async #chunked(): Promise<Pick<RawMessage, 'body' | 'chunks' | 'trailers'>> {
    const chunks: string[] = [];
    const parts: Buffer[] = [];
    for (;;) {
      const line = await this.until('\r\n');
      const size = Number.parseInt(line, 16);
      if (size === 0) break;
      chunks.push(line);
      parts.push((await this.octets(size + 2)).subarray(0, size));
    }
    const trailers: [string, string][] = [];
    for (let line = await this.until('\r\n'); line !== ''; line = await this.until('\r\n'))
      trailers.push(fieldOf(line));
    return { body: Buffer.concat(parts), chunks, trailers };
  }

  #end(): void {
    this.ended = true;
    this.#wake?.();
  }

  #all(): Buffer {
    if (this.#kept.length > 1) this.#kept = [Buffer.concat(this.#kept)];
    return this.#kept[0] ?? Buffer.alloc(0);
  }

  #take(count: number): Buffer {
    const all = this.#all();
    this.#kept = count === all.length ? [] : [all.subarray(count)];
    this.#length -= count;
    return all.subarray(0, count);
  }

  async #more(what: string): Promise<void> {
    if (this.ended) throw new Error(`the connection was closed before ${what}`);
    const before = this.#length;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing more in ${DEADLINE_MS} ms: ${what}`)), DEADLINE_MS);
      this.#wake = (): void => {
        if (this.#length === before && !this.ended) return;
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function valueIn(fields: readonly (readonly [string, string])[]): (name: string) => string | undefined {
  return (name) => {
    const values = fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(', ');
  };
}

export interface RawServer {
  readonly port: number;
  /** Connections so far. */
  readonly peers: readonly RawPeer[];
  /** Requests so far, where it reads requests. */
  readonly requests: readonly RawMessage[];
}

/** A server that does with each connection what `serve` does. */
export async function startRawServer(owner: Owner, serve: (peer: RawPeer) => unknown): Promise<RawServer> {
  const peers: RawPeer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const peer = new RawPeer(socket);
    peers.push(peer);
    void serve(peer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  owner.after(async () => {
    for (const { socket } of peers) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { port: (server.address() as AddressInfo).port, peers, requests: [] };
}

/** A server that answers each request, after it has been read whole, by what `answer` gives. */
export async function startRawHttp(
  owner: Owner,
  answer: (request: RawMessage, peer: RawPeer) => string | Buffer | Promise<string | Buffer>,
): Promise<RawServer> {
  const requests: RawMessage[] = [];
  const server = await startRawServer(owner, async (peer) => {
    try {
      for (;;) {
        const request = await peer.message();
        requests.push(request);
        peer.send(await answer(request, peer));
      }
    } catch {
      // The connection has ended.
      peer.socket.end();
    }
  });
  return { ...server, requests };
}

/** A response with a length. */
export function rawResponse(status: number, body = '', ...fields: string[]): string {
  const lines = [`HTTP/1.1 ${status} Fine`, ...fields, `Content-Length: ${Buffer.byteLength(body)}`];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export async function openRaw(owner: Owner, port: number, host = '127.0.0.1'): Promise<RawPeer> {
  const socket = connect({ port, host, allowHalfOpen: true });
  owner.after(async () => void socket.destroy());
  await once(socket, 'connect');
  return new RawPeer(socket);
}
