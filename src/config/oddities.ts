import { isLoopback, parseListenAddress } from './address.ts';
import { finding, type Finding, type Path } from './issue.ts';
import { items, read, section, type ListenerView, type Raw } from './raw-file.ts';
import { findRouteOddities } from './route-oddities.ts';
import { isRecord, quote } from './value.ts';

/** What is right in form, and probably not what was meant. */
export function findOddities(file: Raw, listeners: readonly ListenerView[], clusters: number): Finding[] {
  const warnings: Finding[] = [];
  const warn = (path: Path, message: string, hint: string): void => void warnings.push(finding(path, message, hint));
  const registry = file['registry'] !== undefined;
  const has = (direction: string): boolean => listeners.some((listener) => listener.direction === direction);
  if (listeners.length === 0) warn([], 'there are no listeners: the proxy will carry no calls', 'add listeners');
  if (file['sdk'] !== undefined) {
    const address = read(parseListenAddress(section(file['sdk'], 'address')));
    if (address !== undefined && !isLoopback(address.host)) {
      warn(
        ['sdk', 'address'],
        `whoever can reach ${address.host} may publish and subscribe: the local API has no authentication`,
        `write 127.0.0.1:${address.port}`,
      );
    }
    const [first, ...others] = listeners.filter(({ direction }) => direction === 'ingress');
    for (const { path } of others) {
      warn(
        path,
        `apps are published at the first ingress listener (${quote(first?.name ?? '')}) alone, not at this one`,
        'run one proxy for each app',
      );
    }
  }
  if (has('egress') && !registry && clusters === 0) {
    warn(
      ['listeners'],
      'an egress listener has nowhere to send calls: there is neither a registry nor a cluster',
      'add registry or clusters',
    );
  }
  if (section(file['health'], 'checkService') !== undefined && !has('ingress')) {
    warn(
      ['health', 'checkService'],
      'there is no ingress listener, so the health of the app changes nothing',
      'add one, or remove this',
    );
  }
  for (const { path, raw } of listeners) {
    warnings.push(...findRouteOddities(section(raw['http'], 'routes'), [...path, 'http', 'routes']));
  }
  if (!registry) warnings.push(...findUnknownClusters(file, listeners));
  warnings.push(...findIdleRetries(file));
  return warnings;
}

/** Without a registry there are the clusters of the file and no others. */
function findUnknownClusters(file: Raw, listeners: readonly ListenerView[]): Finding[] {
  const known = new Set(items(file['clusters']).map(({ value }) => value['name']));
  const named = listeners.flatMap(({ path, raw }): [Path, unknown][] => [
    [[...path, 'tcp', 'cluster'], section(raw['tcp'], 'cluster')],
    ...items(section(raw['http'], 'routes')).flatMap(({ value, index }): [Path, unknown][] => {
      const route: Path = [...path, 'http', 'routes', index];
      const split = items(value['clusters']).map((one): [Path, unknown] => [
        [...route, 'clusters', one.index, 'cluster'],
        one.value['cluster'],
      ]);
      const mirror: Path = [...route, 'mirror', 'cluster'];
      return [[[...route, 'cluster'], value['cluster']], ...split, [mirror, section(value['mirror'], 'cluster')]];
    }),
  ]);
  return named.flatMap(([path, name]) => {
    if (typeof name !== 'string' || known.has(name)) return [];
    return [finding(path, `there is neither a cluster ${quote(name)} nor a registry`, 'add it to clusters')];
  });
}

function findIdleRetries(file: Raw): Finding[] {
  return retryViews(file).flatMap(([path, retries]) => {
    const attempts = section(retries, 'attempts');
    const on = section(retries, 'on');
    const idle = on === undefined || (Array.isArray(on) && on.length === 0);
    if (typeof attempts !== 'number' || attempts <= 0 || !idle) return [];
    const message = 'no failure is named that is tried again, so nothing is';
    return [finding([...path, 'attempts'], message, 'add on: [connect-failure]')];
  });
}

function retryViews(file: Raw): [Path, unknown][] {
  const own = items(file['clusters']).map(({ value, index }): [Path, unknown] => {
    const merged = { ...asObject(section(file['clusterDefaults'], 'retries')), ...asObject(value['retries']) };
    return [['clusters', index, 'retries'], isRecord(value['retries']) ? merged : undefined];
  });
  return [[['clusterDefaults', 'retries'], section(file['clusterDefaults'], 'retries')], ...own];
}

function asObject(value: unknown): Raw {
  return isRecord(value) ? value : {};
}
