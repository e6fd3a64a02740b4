import { formatAddress, overlap } from './address.ts';
import { finding, type Finding, type Path } from './issue.ts';
import { read, section, type ListenerView } from './raw-file.ts';
import { checkEmpty, checkRoutes, type RegexProblem } from './route-check.ts';
import { formatSize, parseSize } from './size.ts';
import { alternatives } from './value.ts';

/** What goes together on one listener. */
export function checkListener(listener: ListenerView, regexProblem: RegexProblem): Finding[] {
  const { path, direction, address, app, raw } = listener;
  const findings: Finding[] = [];
  if (direction === 'ingress' && !Object.hasOwn(raw, 'app')) {
    findings.push(
      finding(
        [...path, 'app'],
        'required and missing: an ingress listener must know where the app listens',
        'for example app: 127.0.0.1:12199',
      ),
    );
  }
  if (direction === 'egress') {
    for (const key of ['app', 'advertise']) {
      if (!Object.hasOwn(raw, key)) continue;
      const why = 'its calls go to the endpoints of clusters';
      findings.push(
        finding(
          [...path, key],
          `an egress listener takes no ${key}: ${why}`,
          'remove it, or write direction: ingress',
          'key',
        ),
      );
    }
  }
  if (address !== undefined && app !== undefined && overlap(address, app)) {
    findings.push(
      finding(
        [...path, 'app'],
        `${formatAddress(app)} is this listener itself: calls would go round in circles`,
        'write where the app listens',
      ),
    );
  }
  return [
    ...findings,
    ...checkLimits(raw['limits'], [...path, 'limits']),
    ...checkProtocol(listener),
    ...checkTunnel(listener),
    ...checkEmpty(raw['http'], 'versions', [...path, 'http']),
    ...checkRoutes(section(raw['http'], 'routes'), [...path, 'http', 'routes'], regexProblem),
  ];
}

function checkLimits(limits: unknown, path: Path): Finding[] {
  const maxFrame = read(parseSize(section(limits, 'maxFrame') ?? '16MiB'));
  const maxBuffered = read(parseSize(section(limits, 'maxBuffered') ?? '256MiB'));
  if (maxFrame === undefined || maxBuffered === undefined || maxFrame <= maxBuffered) return [];
  const message = `a frame of ${formatSize(maxFrame)} would never fit into maxBuffered (${formatSize(maxBuffered)})`;
  return [finding([...path, 'maxFrame'], message, 'lower maxFrame or raise maxBuffered')];
}

/** Keys of a listener that only some protocols have, and those protocols. */
const KEYS_OF_PROTOCOLS: Readonly<Record<string, readonly string[]>> = {
  http: ['http', 'auto'],
  tcp: ['tcp', 'auto'],
  detectTimeout: ['auto'],
};

const ALL_PROTOCOLS: readonly unknown[] = ['bolt', 'http', 'tcp', 'auto'];

function checkProtocol({ path, protocol, raw }: ListenerView): Finding[] {
  if (!ALL_PROTOCOLS.includes(protocol)) return [];
  return Object.entries(KEYS_OF_PROTOCOLS).flatMap(([key, protocols]) => {
    if (!Object.hasOwn(raw, key) || protocols.some((one) => one === protocol)) return [];
    const message = `a listener of protocol ${String(protocol)} takes no ${key}`;
    return [finding([...path, key], message, `remove it, or write protocol: ${alternatives(protocols)}`, 'key')];
  });
}

/** Raw TCP says nothing of where it wants to go. */
function checkTunnel({ path, direction, protocol, raw }: ListenerView): Finding[] {
  const named = section(raw['tcp'], 'cluster') !== undefined;
  const where = [...path, 'tcp', 'cluster'];
  if (direction === 'ingress' && named) {
    return [finding(where, 'on an ingress listener raw TCP goes to the app, not to a cluster', 'remove it', 'key')];
  }
  const needed = protocol === 'tcp' || (protocol === 'auto' && Object.hasOwn(raw, 'tcp'));
  if (direction !== 'egress' || !needed || named) return [];
  return [
    finding(where, 'required and missing: an egress listener must know where raw TCP goes', 'for example cluster: db'),
  ];
}
