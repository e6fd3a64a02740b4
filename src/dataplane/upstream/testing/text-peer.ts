import { once } from 'node:events';
import net from 'node:net';
import { until } from '../../../core/testing/settled.ts';

/** One message of HTTP/1 as it came. */
export interface TextMessage {
  /** The start line and the fields, without the empty line. */
  readonly head: string;
  /** Of chunks, their content; trailers are left out. */
  readonly body: string;
  /** The value of the first field of this name, which is in lower case. */
  field(name: string): string | undefined;
}

/** One end of a connection, which sends what the test says and keeps what comes, an octet a character. */
export class TextPeer {
  readonly socket: net.Socket;
  /** What has come and has not been taken. */
  text = '';
  /** How many octets have come. */
  count = 0;
  /** The other side has ended its direction, or all is over. */
  ended = false;
  closed = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
      this.count += bytes.length;
    });
    socket.on('end', () => (this.ended = true));
    socket.on('error', () => {});
    socket.on('close', () => (this.ended = this.closed = true));
  }

  static async connect(port: number): Promise<TextPeer> {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new TextPeer(socket);
  }

  send(data: string | Buffer): void {
    this.socket.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data);
  }

  /** Takes what comes up to `mark`, with it. */
  async upTo(mark: string): Promise<string> {
    await until(
      `${JSON.stringify(mark)} in ${JSON.stringify(this.text)}`,
      () => this.text.includes(mark) || this.ended,
    );
    const at = this.text.indexOf(mark);
    if (at < 0) throw new Error(`ended before ${JSON.stringify(mark)}: ${JSON.stringify(this.text)}`);
    return this.take(at + mark.length);
  }

  async octets(count: number): Promise<string> {
    await until(`${count} octets`, () => this.text.length >= count || this.ended);
    return this.take(count);
  }

  async toEnd(): Promise<string> {
    await until('the end', () => this.ended);
    return this.take(this.text.length);
  }

  /** Takes the next message; its body by its length or its chunks, of a response with neither up to the end. */
  async message(): Promise<TextMessage> {
    const head = (await this.upTo('\r\n\r\n')).slice(0, -4);
    const field = (name: string): string | undefined => new RegExp(`\r\n${name}: *(.*)`, 'i').exec(head)?.[1];
    const length = field('content-length');
    const status = /^HTTP\S+ (\d+)/.exec(head)?.[1];
    let body = '';
    if (field('transfer-encoding') === 'chunked') body = await this.#chunks();
    else if (length !== undefined) body = await this.octets(Number(length));
    else if (status !== undefined && !/^(?:1|204|304)/.test(status)) body = await this.toEnd();
    return { head, body, field };
  }

  take(count: number): string {
    const taken = this.text.slice(0, count);
    this.text = this.text.slice(count);
    return taken;
  }

  async #chunks(): Promise<string> {
    let body = '';
    for (;;) {
      const size = Number.parseInt(await this.upTo('\r\n'), 16);
      if (size === 0) break;
      body += (await this.octets(size + 2)).slice(0, -2);
    }
    while ((await this.upTo('\r\n')) !== '\r\n');
    return body;
  }
}

/** A server whose connections are the test's. */
export class TextServer {
  readonly peers: TextPeer[] = [];
  /** What is done with each connection at once. */
  onPeer: (peer: TextPeer) => void = () => {};
  readonly #server: net.Server;

  private constructor(server: net.Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      const peer = new TextPeer(socket);
      this.peers.push(peer);
      this.onPeer(peer);
    });
  }

  /** @param port 0 takes a free one. */
  static async start(port = 0): Promise<TextServer> {
    const server = net.createServer({ allowHalfOpen: true });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new TextServer(server);
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** The connection of this number, counted from 0, when it has come. */
  async peer(number: number): Promise<TextPeer> {
    await until(`connection ${number}`, () => this.peers.length > number);
    return this.peers[number]!;
  }

  /** From now on each request is answered with this. */
  answerAll(response: string | ((request: TextMessage) => string)): void {
    this.onPeer = (peer) => void this.#answer(peer, response);
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { socket } of this.peers) socket.destroy();
    await closed;
  }

  async #answer(peer: TextPeer, response: string | ((request: TextMessage) => string)): Promise<void> {
    try {
      for (;;) {
        const request = await peer.message();
        peer.send(typeof response === 'string' ? response : response(request));
      }
    } catch {
      peer.socket.end();
    }
  }
}

/** A port of this machine at which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = await TextServer.start();
  const { port } = server;
  await server.close();
  return port;
}
