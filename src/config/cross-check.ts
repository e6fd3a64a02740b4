import {
  formatAddress,
  isLoopback,
  overlap,
  parseAddress,
  parseListenAddress,
  sameHost,
  type HostPort,
} from './address.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { finding, type Finding, type Path } from './issue.ts';
import { checkListener } from './listener-check.ts';
import type { RegexProblem } from './route-check.ts';
import { findOddities } from './oddities.ts';
import { checkPolicies } from './policy-check.ts';
import { asText, items, listenerViews, read, section, type Item, type ListenerView, type Raw } from './raw-file.ts';
import { repeated } from './repeated.ts';
import { isRecord, quote } from './value.ts';

/**
 * What relates one key to another: names and addresses used twice, keys that exclude or need each
 * other. It works on the raw file and looks past what cannot be read, so that these errors show
 * together with those of the schema.
 */
export interface CrossFindings {
  readonly errors: Finding[];
  /** Right in form, and probably not what was meant. */
  readonly warnings: Finding[];
}

export function crossCheck(file: unknown, regexProblem: RegexProblem): CrossFindings {
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  if (!isRecord(file)) return { errors, warnings };
  const listeners = listenerViews(file);
  const clusters = items(file['clusters']);

  errors.push(
    ...repeated(
      listeners.map(({ path, name }) => ({ path: [...path, 'name'], name })),
      'listener',
    ),
  );
  errors.push(
    ...repeated(
      clusters.map(({ value, index }) => ({ path: ['clusters', index, 'name'], name: asText(value['name']) })),
      'cluster',
    ),
  );
  errors.push(...portClashes(file, listeners));
  for (const listener of listeners) errors.push(...checkListener(listener, regexProblem));
  for (const { value, index } of clusters) errors.push(...checkEndpoints(value, ['clusters', index], listeners));
  if (isRecord(file['sdk']) && file['registry'] === undefined) {
    errors.push(finding(['sdk'], 'the local API needs a registry, and there is none', 'add registry, or take out sdk'));
  }
  errors.push(...checkHeartbeats(file, clusters), ...checkHealthUrl(file, listeners));
  const policies = checkPolicies(file);
  errors.push(...policies.errors);
  warnings.push(...policies.warnings, ...findOddities(file, listeners, clusters.length));
  return { errors, warnings };
}

/** Everything that this process listens at must differ. */
function portClashes(file: Raw, listeners: readonly ListenerView[]): Finding[] {
  const own = (key: string, address: string): { path: Path; who: string; address: HostPort | undefined } => {
    const given = section(file[key], 'address');
    return {
      path: given === undefined ? [key] : [key, 'address'],
      who: key,
      address: read(parseListenAddress(given ?? address)),
    };
  };
  const all = [
    own('admin', '127.0.0.1:34901'),
    ...(isRecord(file['sdk']) ? [own('sdk', '127.0.0.1:13330')] : []),
    ...listeners.map(({ path, name, address }) => ({
      path: [...path, 'address'],
      who: name === undefined ? 'another listener' : `listener ${quote(name)}`,
      address,
    })),
  ];
  const findings: Finding[] = [];
  for (const [index, later] of all.entries()) {
    if (later.address === undefined) continue;
    const { address } = later;
    const earlier = all.slice(0, index).find((other) => other.address !== undefined && overlap(other.address, address));
    if (earlier?.address === undefined) continue;
    const taken = `${formatAddress(address)} is taken by ${earlier.who} (${formatAddress(earlier.address)})`;
    findings.push(finding(later.path, taken, 'choose another port'));
  }
  return findings;
}

function checkEndpoints(cluster: Raw, path: Path, listeners: readonly ListenerView[]): Finding[] {
  const findings: Finding[] = [];
  const seen = new Set<string>();
  const list: readonly unknown[] = Array.isArray(cluster['endpoints']) ? cluster['endpoints'] : [];
  for (const [index, entry] of list.entries()) {
    const address = read(parseAddress(isRecord(entry) ? entry['address'] : entry));
    if (address === undefined) continue;
    const where = [...path, 'endpoints', index];
    const text = formatAddress(address);
    if (seen.has(text))
      findings.push(finding(where, `${text} stands twice in this cluster`, 'give one entry a higher weight instead'));
    seen.add(text);
    const loop = listeners.find(
      (one) => one.direction === 'egress' && one.address !== undefined && overlap(one.address, address),
    );
    if (loop !== undefined) {
      findings.push(
        finding(
          where,
          `${text} is this proxy's own egress listener: calls would go round in circles`,
          'write where the provider listens',
        ),
      );
    }
  }
  return findings;
}

function checkHeartbeats(file: Raw, clusters: readonly Item[]): Finding[] {
  const defaults = section(file['clusterDefaults'], 'heartbeat');
  const own = clusters.map(({ value, index }) => ({
    heartbeat: section(value, 'heartbeat'),
    path: ['clusters', index, 'heartbeat'],
  }));
  const findings: Finding[] = [];
  for (const { heartbeat, path } of [{ heartbeat: defaults, path: ['clusterDefaults', 'heartbeat'] }, ...own]) {
    if (heartbeat === undefined) continue;
    const value = (key: string, last: string): number | undefined =>
      read(parseDuration(section(heartbeat, key) ?? section(defaults, key) ?? last));
    const interval = value('interval', '15s');
    const maxInterval = value('maxInterval', '90s');
    if (interval === undefined || maxInterval === undefined || interval <= maxInterval) continue;
    const message = `interval (${formatDuration(interval)}) is above maxInterval (${formatDuration(maxInterval)})`;
    findings.push(finding(path, message, `write maxInterval: ${formatDuration(interval)} or more`));
  }
  return findings;
}

/** Asking elsewhere would judge this app by another, and let a config call any host from inside. */
function checkHealthUrl(file: Raw, listeners: readonly ListenerView[]): Finding[] {
  const text = asText(section(section(file['health'], 'checkService'), 'url'));
  const url = text === undefined ? null : URL.parse(text);
  if (url?.protocol !== 'http:') return [];
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const hosts = listeners.flatMap(({ direction, app }) => (direction === 'ingress' && app ? [app.host] : []));
  if (isLoopback(host) || hosts.some((app) => sameHost(app, host))) return [];
  return [
    finding(
      ['health', 'checkService', 'url'],
      `${host} is neither this machine nor the host of an ingress listener's app`,
      'write where the app answers, such as http://127.0.0.1:9500/checkService',
    ),
  ];
}
