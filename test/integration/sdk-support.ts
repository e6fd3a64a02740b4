import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import type { Agent, IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { boltCodec } from '../../src/dataplane/codec/bolt/codec.ts';
import { createLocalApi } from '../../src/sdk/local-api.ts';
import type { LocalApi, LocalApiOptions } from '../../src/sdk/local-api.ts';
import { FakeRegistry } from '../../src/sdk/testing/fakes.ts';
import { silentLogger } from '../../src/telemetry/log.ts';

export async function stateDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'weft-sdk-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

export interface Running {
  readonly api: LocalApi;
  readonly registry: FakeRegistry;
  readonly stateDir: string;
}

/** A local API on a free port, with a registry in memory. */
export async function startLocalApi(t: TestContext, options: Partial<LocalApiOptions> = {}): Promise<Running> {
  const registry = new FakeRegistry();
  const stateDir = options.stateDir ?? (await stateDirectory(t));
  const api = createLocalApi(
    {
      address: { host: '127.0.0.1', port: 0 },
      stateDir,
      node: { id: 'node-1', app: 'node-app', zone: '' },
      ingress: () => ({ advertise: { host: '10.0.0.7', port: 12200 }, app: { host: '127.0.0.1', port: 12199 } }),
      health: {},
      firstPush: () => 3000,
      ...options,
    },
    { registry, watches: registry, codec: boltCodec, clock: systemClock, log: silentLogger },
  );
  await api.start();
  t.after(() => api.close());
  return { api, registry, stateDir };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** An object is sent as JSON, a text or bytes as they are. */
  readonly body?: object | string | Buffer;
  readonly agent?: Agent;
}

/** Calls over HTTP as an SDK does, with text/plain as Java's. */
export function call(port: number, path: string, options: Call = {}): Promise<Answer> {
  const { body } = options;
  const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: options.method ?? (bytes === undefined ? 'GET' : 'POST'),
        headers: { 'content-type': 'text/plain', ...options.headers },
        agent: options.agent ?? false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          try {
            resolve({ status, headers, body: JSON.parse(text) as Record<string, unknown> });
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}
