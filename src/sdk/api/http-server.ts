import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatAddress } from '../../config/address.ts';
import type { HostPort } from '../../config/address.ts';
import type { Clock } from '../../core/clock.ts';
import { WeftError } from '../../core/errors.ts';
import type { Logger } from '../../telemetry/log.ts';
import { refusalOf } from './guard.ts';
import { failure } from './reply.ts';
import type { ApiReply } from './reply.ts';

/** Answers one request. `body` is an object out of JSON for POST, undefined otherwise. */
export type ApiHandler = (method: string, path: string, body: object | undefined) => Promise<ApiReply>;

export interface ApiServerDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly handle: ApiHandler;
}

/** SDKs register one service with a request; the largest properties seen take a few KiB. */
const MAX_BODY = 64 * 1024;
const MAX_HEADERS = 8 * 1024;
/** An application keeps one or some twenty; more is somebody's mistake. */
const MAX_CONNECTIONS = 256;
/** For a whole request to arrive. */
const REQUEST_TIMEOUT = 10_000;
const KEEP_ALIVE = 75_000;
/** How long answers may take that are under way when the server closes. */
const CLOSE_GRACE = 1000;

/** JSON over HTTP/1.1 for the application beside this sidecar. */
export class ApiServer {
  readonly #deps: ApiServerDeps;
  readonly #configured: HostPort;
  readonly #server: Server;

  constructor(address: HostPort, deps: ApiServerDeps) {
    this.#configured = address;
    this.#deps = deps;
    this.#server = createServer(
      {
        maxHeaderSize: MAX_HEADERS,
        headersTimeout: REQUEST_TIMEOUT,
        requestTimeout: REQUEST_TIMEOUT,
        keepAliveTimeout: KEEP_ALIVE,
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /** Where it listens; the configured address until then. */
  get address(): HostPort {
    const bound = this.#server.address() as AddressInfo | null;
    return bound === null ? this.#configured : { host: bound.address, port: bound.port };
  }

  listen(): Promise<void> {
    const { host, port } = this.#configured;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        const where = formatAddress(this.#configured);
        const message = `the local API cannot listen at ${where}: ${error.message}; free it or change sdk.address`;
        reject(new WeftError('listen', message, { side: 'local', cause: error }));
      });
      this.#server.listen({ host, port }, () => {
        this.#server.removeAllListeners('error').on('error', (error) => {
          this.#deps.log.warn('local API listener', { reason: error.message });
        });
        resolve();
      });
    });
  }

  close(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#deps.clock.after(CLOSE_GRACE, () => this.#server.closeAllConnections());
      this.#server.close(() => {
        timer.cancel();
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const reply = await this.#reply(request).catch((error: Error) => {
      this.#deps.log.error('local API failed', { path: request.url, reason: error.stack ?? error.message });
      return failure(200, 'the sidecar failed to answer: its log says why');
    });
    if (reply === undefined || response.destroyed) return;
    const text = JSON.stringify(reply.body);
    response.writeHead(reply.status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      ...(reply.allow === undefined ? {} : { allow: reply.allow }),
      // What is left of a refused body is not read.
      ...(request.complete ? {} : { connection: 'close' }),
    });
    response.end(text);
  }

  /** Undefined when the client has gone. */
  async #reply(request: IncomingMessage): Promise<ApiReply | undefined> {
    const refusal = refusalOf(request.headers, this.#configured.host);
    if (refusal !== undefined) return failure(403, refusal);
    const method = request.method ?? '';
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (method !== 'POST') return this.#deps.handle(method, path, undefined);
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity')
      return failure(415, 'send the body without Content-Encoding');
    const bytes = await readBody(request, MAX_BODY);
    if (bytes === 'gone') return undefined;
    if (bytes === 'too large') return failure(413, `a body may have at most ${MAX_BODY} bytes`);
    const body = parseObject(bytes);
    if (body === undefined) return failure(400, 'the body has to be a JSON object in UTF-8');
    return this.#deps.handle(method, path, body);
  }
}

function readBody(request: IncomingMessage, limit: number): Promise<Buffer | 'too large' | 'gone'> {
  return new Promise((resolve) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) return resolve('too large');
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) {
        chunks.push(chunk);
        return;
      }
      request.pause();
      resolve('too large');
    });
    request.on('end', () => resolve(Buffer.concat(chunks, length)));
    request.on('error', () => resolve('gone'));
    request.on('close', () => resolve('gone'));
  });
}

function parseObject(bytes: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
