/** Callers and servers of HTTP/1 and HTTP/2 with one face, of Node's own and of undici. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  connect,
  createServer as createHttp2Server,
  type ClientHttp2Session,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Client } from 'undici';
import type { Owner } from './children.ts';

export type Version = 'http1' | 'http2';
export type Fields = Readonly<Record<string, string | string[]>>;

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly fields?: Fields;
  /** Pieces are sent one after the other; text has a length. */
  readonly body?: string | Buffer | AsyncIterable<Buffer>;
}

export interface Answered {
  readonly status: number;
  readonly fields: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
  readonly trailers: Record<string, string | string[] | undefined>;
}

export interface Caller {
  ask(asked: Asked): Promise<Answered>;
  /** The same, with the response's body as it comes. */
  open(asked: Asked): Promise<Omit<Answered, 'body' | 'trailers'> & { readonly body: Readable }>;
}

export interface HttpServer {
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
  /** HTTP/2: the streams of CONNECT. */
  onStream(serve: (stream: ServerHttp2Stream, head: IncomingHttpHeaders) => void): void;
}

export type ServerRequest = IncomingMessage | Http2ServerRequest;
export type ServerResponseOf = ServerResponse | Http2ServerResponse;
export type Handler = (request: ServerRequest, response: ServerResponse & Http2ServerResponse) => unknown;

/** A server of Node's, in clear text. */
export async function startHttpServer(owner: Owner, version: Version, handler: Handler): Promise<HttpServer> {
  // With the memory that it has by default Node's server fails on a few large responses at a time on one connection.
  const listener = handler as (request: unknown, response: unknown) => void;
  const server =
    version === 'http1'
      ? createServer(listener)
      : createHttp2Server({ settings: { enableConnectProtocol: true }, maxSessionMemory: 1000 }, listener);
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  owner.after(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    onStream(serve) {
      server.on('connect', ({ stream, headers }: Http2ServerRequest) => serve(stream, headers));
    },
  };
}

export async function bodyOf(readable: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of readable) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** One connection to the proxy. */
export async function openCaller(owner: Owner, version: Version, port: number): Promise<Caller> {
  return version === 'http1' ? openHttp1(owner, port) : openHttp2(owner, port);
}

function openHttp1(owner: Owner, port: number): Caller {
  const client = new Client(`http://127.0.0.1:${port}`, { bodyTimeout: 60_000, headersTimeout: 60_000 });
  owner.after(() => client.destroy());
  const request = async ({ method = 'GET', path = '/', host = 'shop', fields = {}, body }: Asked) =>
    client.request({
      method,
      path,
      headers: { host, ...fields },
      body: typeof body === 'object' && !Buffer.isBuffer(body) ? Readable.from(body) : (body ?? null),
    });
  return {
    async ask(asked) {
      const { statusCode, headers, body, trailers } = await request(asked);
      return { status: statusCode, fields: headers, body: await bodyOf(body), trailers };
    },
    async open(asked) {
      const { statusCode, headers, body } = await request(asked);
      return { status: statusCode, fields: headers, body };
    },
  };
}

async function openHttp2(owner: Owner, port: number): Promise<Caller> {
  const session = connect(`http://127.0.0.1:${port}`);
  owner.after(async () => session.destroy());
  await once(session, 'connect');
  return {
    async ask(asked) {
      const { status, fields, body } = await openStream(session, asked);
      let trailers: Answered['trailers'] = {};
      body.on('trailers', (came: IncomingHttpHeaders) => (trailers = { ...came }));
      return { status, fields, body: await bodyOf(body), trailers };
    },
    open: (asked) => openStream(session, asked),
  };
}

async function openStream(
  session: ClientHttp2Session,
  { method = 'GET', path = '/', host = 'shop', fields = {}, body }: Asked,
): Promise<Omit<Answered, 'body' | 'trailers'> & { readonly body: Readable }> {
  const head = { ':method': method, ':path': path, ':authority': host, ...fields };
  const stream = session.request(head, { endStream: body === undefined });
  if (typeof body === 'string' || Buffer.isBuffer(body)) stream.end(body);
  else if (body !== undefined) Readable.from(body).pipe(stream);
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
  const { ':status': status, ...rest } = headers;
  return { status, fields: rest, body: stream };
}
