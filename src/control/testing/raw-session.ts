/** The registry's server with a clock of the test's, and clients that speak its wire by hand. For tests. */
import { once } from 'node:events';
import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { TestContext } from 'node:test';
import { ManualClock } from '../../core/manual-clock.ts';
import { LineReader } from '../../registry/embedded/lines.ts';
import { silentLogger } from '../../telemetry/log.ts';
import { startRegistryServer } from '../registry-server.ts';
import type { RegistryServer, RegistryServerOptions } from '../registry-server.ts';

export const KEY = { service: 'com.demo.Echo:1.0', protocol: 'bolt', group: '' };
export const HELLO = { op: 'hello', node: 'n', client: 'c' };
export const INSTANCE = { ...KEY, address: '10.0.0.1:12200', weight: 100, metadata: {} };

export async function serve(
  t: TestContext,
  options: Partial<RegistryServerOptions> = {},
): Promise<{ server: RegistryServer; clock: ManualClock }> {
  const clock = new ManualClock();
  const address = { host: '127.0.0.1', port: 0 };
  const server = await startRegistryServer({ address, clock, log: silentLogger, settle: 0, ...options });
  clock.advance(0);
  t.after(() => server.close());
  return { server, clock };
}

export type Line = Record<string, unknown>;

/** A client that speaks the wire by hand. */
export class RawSession {
  readonly request: ClientRequest;
  readonly #lines: Line[] = [];
  #wake: () => void = () => {};
  #over = false;

  constructor(server: RegistryServer, headers: Record<string, string> = {}) {
    this.request = request({
      host: '127.0.0.1',
      port: server.address.port,
      method: 'POST',
      path: '/v1/session',
      agent: false,
      headers: { 'content-type': 'application/x-ndjson', ...headers },
    });
    const reader = new LineReader(1e6);
    this.request.on('response', (response: IncomingMessage) => {
      response.on('data', (chunk: Buffer) => {
        reader.push(chunk, (line) => void this.#lines.push(JSON.parse(line) as Line));
        this.#wake();
      });
    });
    this.request.on('error', () => {});
    this.request.on('close', () => {
      this.#over = true;
      this.#wake();
    });
    this.request.flushHeaders();
  }

  send(...messages: unknown[]): this {
    for (const message of messages) {
      this.request.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`);
    }
    return this;
  }

  /** The next line; `undefined` when the session has ended. */
  async next(): Promise<Line | undefined> {
    while (this.#lines.length === 0 && !this.#over) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#lines.shift();
  }

  /** The next that is no beat. */
  async nextNews(): Promise<Line | undefined> {
    for (;;) {
      const line = await this.next();
      if (line?.['op'] !== 'beat') return line;
    }
  }

  /** Returns when the server has read all that was sent; what it says meanwhile is returned. */
  async sync(): Promise<Line[]> {
    this.send({ op: 'unpublish', id: -1, key: KEY, address: 'none' });
    const before: Line[] = [];
    for (;;) {
      const line = await this.nextNews();
      if (line === undefined || line['id'] === -1) return before;
      before.push(line);
    }
  }

  async ended(): Promise<Line[]> {
    const rest: Line[] = [];
    for (let line = await this.next(); line !== undefined; line = await this.next()) rest.push(line);
    return rest;
  }
}

export function raw(t: TestContext, server: RegistryServer, headers?: Record<string, string>): RawSession {
  const session = new RawSession(server, headers);
  t.after(() => void session.request.destroy());
  return session;
}

export async function status(
  server: RegistryServer,
  method: string,
  path: string,
  headers: Line = {},
): Promise<number> {
  const { port } = server.address;
  const asked = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    headers: headers as Record<string, string>,
    agent: false,
  });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
}
