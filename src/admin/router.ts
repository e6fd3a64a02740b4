import type { IncomingMessage } from 'node:http';
import { nearest } from '../config/nearest.ts';
import type { HttpReply } from '../sdk/http/http-server.ts';
import type { AdminRequest } from './reply.ts';
import { text } from './reply.ts';
import { visible } from './visible.ts';

type Answer = (request: AdminRequest) => HttpReply | Promise<HttpReply>;

/** One path of the admin interface. */
export interface AdminEndpoint {
  readonly path: string;
  /** What it is for, for people. */
  readonly purpose: string;
  /** Other ways to ask, as `?format=text a table for terminals`. */
  readonly options?: readonly string[];
  readonly get: Answer;
  readonly post?: Answer;
}

/** Answers a request whose sender has been let in. HEAD is GET, whose body the server leaves out. */
export async function route(endpoints: readonly AdminEndpoint[], request: IncomingMessage): Promise<HttpReply> {
  const [path = '', search = ''] = (request.url ?? '').split(/\?(.*)/s, 2);
  const endpoint = endpoints.find((one) => one.path === path);
  if (endpoint === undefined) return unknownPath(endpoints, path);
  const query = new URLSearchParams(search);
  const browser = request.headers.accept?.includes('text/html') ?? false;
  if (request.method === 'GET' || request.method === 'HEAD') return endpoint.get({ method: 'GET', query, browser });
  if (request.method === 'POST' && endpoint.post !== undefined)
    return endpoint.post({ method: 'POST', query, browser });
  const methods = ['GET', 'HEAD', ...(endpoint.post === undefined ? [] : ['POST'])];
  const refused = `${path} takes ${methods.join(', ')}, not ${visible(request.method ?? '', 20)}`;
  return text(405, refused, { allow: methods.join(', ') });
}

/** What there is, one path a line. */
export function listText(endpoints: readonly AdminEndpoint[]): string {
  const width = Math.max(...endpoints.map(({ path }) => path.length));
  return endpoints
    .flatMap(({ path, purpose, options = [] }) => [
      `${path.padEnd(width)}  ${purpose}`,
      ...options.map((option) => `${' '.repeat(width)}  ${option}`),
    ])
    .join('\n');
}

function unknownPath(endpoints: readonly AdminEndpoint[], path: string): HttpReply {
  const meant = nearest(
    path.slice(0, 100),
    endpoints.map((one) => one.path).filter((known) => known !== '/'),
  );
  const hint = meant === undefined ? '' : `: did you mean ${meant}?`;
  return text(404, `there is no ${visible(path, 100)} here${hint}\n\n${listText(endpoints)}`);
}
