import type { RequestParts } from './request.ts';
import type { MatchSpec, PathSpec, RouteSpec, ValueSpec } from '../route-spec.ts';

/** Routing as one would write it down: every route in turn, everything by plain comparison. */
export function firstMatch(routes: readonly RouteSpec[], request: Required<RequestParts>): string | undefined {
  return routes.find(({ match }) => holds(match, request))?.name;
}

function holds(
  { hosts, path, methods, headers = [], query = [] }: MatchSpec,
  request: Required<RequestParts>,
): boolean {
  const [asked = '', search = ''] = request.path.split(/\?(.*)/s);
  const isTunnel = request.path === '';
  const method = request.method === 'CONNECT' && !isTunnel ? 'GET' : request.method;
  if (methods === undefined ? isTunnel : !methods.includes(method)) return false;
  if (hosts !== undefined && !hosts.some((host) => isHost(host, request.authority))) return false;
  if (path !== undefined && !isPath(path, asked)) return false;
  if (!headers.every((spec) => isValue(spec, header(request, spec.name)))) return false;
  return query.every((spec) => isValue(spec, new URLSearchParams(search).get(spec.name) ?? undefined));
}

function isHost(pattern: string, authority: string): boolean {
  const host = authority.toLowerCase().replace(/:\d*$/, '');
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host !== pattern.slice(1) : host === pattern;
}

function isPath({ exact, prefix, regex }: PathSpec, path: string): boolean {
  if (exact !== undefined) return path === exact;
  if (regex !== undefined) return new RegExp(`^(?:${regex})$`).test(path);
  const bare = prefix!.replace(/\/$/, '');
  return path.startsWith('/') && (path === bare || path.startsWith(`${bare}/`));
}

function header({ fields }: Required<RequestParts>, name: string): string | undefined {
  const values = fields.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

function isValue({ exact, prefix, suffix, regex, range, invert }: ValueSpec, value: string | undefined): boolean {
  const found =
    value !== undefined &&
    (exact === undefined || value === exact) &&
    (prefix === undefined || value.startsWith(prefix)) &&
    (suffix === undefined || value.endsWith(suffix)) &&
    (regex === undefined || new RegExp(`^(?:${regex})$`).test(value)) &&
    (range === undefined || (/^[+-]?\d+$/.test(value) && Number(value) >= range.from && Number(value) < range.to));
  return found !== invert;
}
