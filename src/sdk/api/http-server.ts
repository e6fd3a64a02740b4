import type { IncomingMessage } from 'node:http';
import type { HostPort } from '../../config/address.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import { readBody } from '../http/body.ts';
import { refusalOfPages } from '../http/guard.ts';
import { HttpServer } from '../http/http-server.ts';
import type { HttpReply } from '../http/http-server.ts';
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
/** An application keeps one or some twenty; more is somebody's mistake. */
const MAX_CONNECTIONS = 256;

/** JSON over HTTP/1.1 for the application beside this sidecar. */
export function createApiServer(address: HostPort, deps: ApiServerDeps): HttpServer {
  return new HttpServer({
    address,
    name: 'the local API',
    setting: 'sdk.address',
    maxConnections: MAX_CONNECTIONS,
    handle: async (request) => {
      const reply = await answer(request, address.host, deps.handle);
      return reply === undefined ? undefined : toHttp(reply);
    },
    failed: toHttp(failure(200, 'the sidecar failed to answer: its log says why')),
    clock: deps.clock,
    log: deps.log,
  });
}

/** Undefined when the client has gone. */
async function answer(request: IncomingMessage, boundHost: string, handle: ApiHandler): Promise<ApiReply | undefined> {
  const refusal = refusalOfPages(request.headers, boundHost);
  if (refusal !== undefined) return failure(403, refusal);
  const method = request.method ?? '';
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  if (method !== 'POST') return handle(method, path, undefined);
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return failure(415, 'send the body without Content-Encoding');
  const bytes = await readBody(request, MAX_BODY);
  if (bytes === 'gone') return undefined;
  if (bytes === 'too large') return failure(413, `a body may have at most ${MAX_BODY} bytes`);
  const body = parseObject(bytes);
  if (body === undefined) return failure(400, 'the body has to be a JSON object in UTF-8');
  return handle(method, path, body);
}

function toHttp({ status, body, allow }: ApiReply): HttpReply {
  const type = { 'content-type': 'application/json; charset=utf-8' };
  return { status, headers: allow === undefined ? type : { ...type, allow }, body: JSON.stringify(body) };
}

function parseObject(bytes: Buffer): object | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
