import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { formatAddress } from '../../config/address.ts';
import type { HostPort } from '../../config/address.ts';
import type { Clock } from '../../core/clock.ts';
import { WeftError } from '../../core/errors.ts';
import type { Logger } from '../../telemetry/log.ts';

export interface HttpReply {
  readonly status: number;
  /** In lower case; the length is added. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers one request; undefined when its client has gone. */
export type HttpHandler = (request: IncomingMessage) => HttpReply | Promise<HttpReply | undefined>;

export interface HttpServerOptions {
  /** Port 0 lets the system choose one. */
  readonly address: HostPort;
  /** What people call the server: `the local API`. */
  readonly name: string;
  /** The key of the config that sets the address: `sdk.address`. */
  readonly setting: string;
  readonly maxConnections: number;
  readonly handle: HttpHandler;
  /** The answer when `handle` fails, which is logged. */
  readonly failed: HttpReply;
  readonly clock: Clock;
  readonly log: Logger;
}

const MAX_HEADERS = 8 * 1024;
/** For a whole request to arrive, and for a connection to begin one. */
const REQUEST_TIMEOUT = 10_000;
/** How often it is looked at; Node's own 30 s would let the silent keep all others out for as long. */
const CHECK_INTERVAL = 1000;
const KEEP_ALIVE = 75_000;
/** A client that does not take its answer in is let go, and the answer with it. */
const STALL_TIMEOUT = 60_000;
/** How long answers may take that are under way when the server closes. */
const CLOSE_GRACE = 1000;

/** A small HTTP/1.1 server beside the data path: for an application's SDK, for operators. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: MAX_HEADERS,
        headersTimeout: REQUEST_TIMEOUT,
        requestTimeout: REQUEST_TIMEOUT,
        connectionsCheckingInterval: CHECK_INTERVAL,
        keepAliveTimeout: KEEP_ALIVE,
      },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.maxConnections = options.maxConnections;
    this.#server.timeout = STALL_TIMEOUT;
  }

  /** Where it listens; the configured address until then. */
  get address(): HostPort {
    const bound = this.#server.address() as AddressInfo | null;
    return bound === null ? this.#options.address : { host: bound.address, port: bound.port };
  }

  /** Rejects with a WeftError `listen` when the address cannot be had. */
  listen(): Promise<void> {
    const { address, name, setting, log } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        const where = formatAddress(address);
        const message = `${name} cannot listen at ${where}: ${error.message}; free it or change ${setting}`;
        reject(new WeftError('listen', message, { side: 'local', cause: error }));
      });
      this.#server.listen({ host: address.host, port: address.port }, () => {
        this.#server.removeAllListeners('error').on('error', (error) => {
          log.warn(`${name}: listener trouble`, { reason: error.message });
        });
        resolve();
      });
    });
  }

  /** Stops listening; answers under way get a moment to end. */
  close(): Promise<void> {
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(CLOSE_GRACE, () => this.#server.closeAllConnections());
      this.#server.close(() => {
        timer.cancel();
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const reply = await this.#reply(request);
    if (reply === undefined || response.destroyed) return;
    response.writeHead(reply.status, {
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...reply.headers,
      'content-length': Buffer.byteLength(reply.body),
      // What is left of a refused body is not read.
      ...(request.complete ? {} : { connection: 'close' }),
    });
    response.end(reply.body);
  }

  async #reply(request: IncomingMessage): Promise<HttpReply | undefined> {
    const { name, log, handle, failed } = this.#options;
    try {
      return await handle(request);
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.error(`${name} failed to answer`, { path: request.url, reason });
      return failed;
    }
  }
}
