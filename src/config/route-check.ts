import { defaultRouteName } from './complete-protocol.ts';
import { finding, type Finding, type Path } from './issue.ts';
import { asText, items, section, type Raw } from './raw-file.ts';
import { checkRoutePolicies } from './route-policy-check.ts';
import { repeated } from './repeated.ts';
import { alternatives, isRecord, quote } from './value.ts';

/** Why a regular expression cannot be used; undefined when it can. */
export type RegexProblem = (pattern: string) => string | undefined;

const ACTIONS = ['cluster', 'clusters', 'redirect', 'respond'];
const WITH_CLUSTER = [
  'subset',
  'rewrite',
  'timeout',
  'retries',
  'requestHeaders',
  'responseHeaders',
  'limit',
  'fault',
  'mirror',
];
const PATH_MATCHES = ['exact', 'prefix', 'regex'];
const VALUE_MATCHES = ['exact', 'prefix', 'suffix', 'regex', 'range', 'present'];
const PATH_CHANGES = ['path', 'prefix', 'regex'];
/** Statuses whose responses have no body (RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5). */
const WITHOUT_BODY: readonly unknown[] = [204, 205, 304];

/** What goes together in the routes of one listener. */
export function checkRoutes(routes: unknown, path: Path, regexProblem: RegexProblem): Finding[] {
  const list = items(routes);
  const names = list.map(({ value, index }) => ({
    path: [...path, index, 'name'],
    name: asText(value['name']) ?? defaultRouteName(index),
  }));
  return [
    ...repeated(names, 'route'),
    ...list.flatMap(({ value, index }) => checkRoute(value, [...path, index], regexProblem)),
  ];
}

function checkRoute(route: Raw, path: Path, regexProblem: RegexProblem): Finding[] {
  return [
    ...checkActions(route, path),
    ...checkMatch(route['match'], [...path, 'match'], regexProblem),
    ...checkRedirect(route['redirect'], route['match'], [...path, 'redirect']),
    ...checkRespond(route['respond'], [...path, 'respond']),
    ...checkRewrite(route['rewrite'], route['match'], [...path, 'rewrite'], regexProblem),
    ...checkEdits(route, path),
    ...checkRoutePolicies(route, path),
  ];
}

function checkActions(route: Raw, path: Path): Finding[] {
  const findings = exactlyOne(route, ACTIONS, path, 'a route');
  findings.push(...checkWeights(route['clusters'], [...path, 'clusters']));
  if (Object.hasOwn(route, 'clusters') && Object.hasOwn(route, 'subset')) {
    findings.push(
      finding([...path, 'subset'], 'a subset is of one cluster', 'write it to an entry of clusters', 'key'),
    );
  }
  const toCluster = Object.hasOwn(route, 'cluster') || Object.hasOwn(route, 'clusters');
  if (toCluster || !ACTIONS.some((key) => Object.hasOwn(route, key))) return findings;
  const idle = WITH_CLUSTER.filter((key) => Object.hasOwn(route, key));
  return [
    ...findings,
    ...idle.map((key) =>
      finding([...path, key], `${key} is for routes to a cluster, and this one answers itself`, 'remove it', 'key'),
    ),
  ];
}

function checkWeights(clusters: unknown, path: Path): Finding[] {
  if (!Array.isArray(clusters)) return [];
  if (clusters.length === 0) return [finding(path, 'the list is empty', 'name one, or write cluster')];
  const none = clusters.every((one) => section(one, 'weight') === 0);
  return none ? [finding(path, 'all weights are 0, so requests can go nowhere', 'give one of them a weight')] : [];
}

function checkMatch(match: unknown, path: Path, regexProblem: RegexProblem): Finding[] {
  const findings: Finding[] = [];
  const wanted = section(match, 'path');
  if (isRecord(wanted)) {
    findings.push(...exactlyOne(wanted, PATH_MATCHES, [...path, 'path'], 'a path'));
    findings.push(...checkRegex(wanted['regex'], [...path, 'path', 'regex'], regexProblem));
  }
  for (const key of ['headers', 'query']) {
    for (const { value, index } of items(section(match, key))) {
      const where = [...path, key, index];
      findings.push(...exactlyOne(value, VALUE_MATCHES, where, 'a comparison'));
      findings.push(...checkRegex(value['regex'], [...where, 'regex'], regexProblem));
      findings.push(...checkRange(value['range'], [...where, 'range']));
      const host = key === 'headers' && asText(value['name'])?.toLowerCase() === 'host';
      if (host) findings.push(finding([...where, 'name'], 'the host is not matched as a field', 'write hosts: [ … ]'));
    }
  }
  for (const key of ['hosts', 'methods', 'headers', 'query']) findings.push(...checkEmpty(match, key, path));
  return findings;
}

/** No value is in an empty list, and nobody means that. */
export function checkEmpty(parent: unknown, key: string, path: Path): Finding[] {
  const list = section(parent, key);
  if (!Array.isArray(list) || list.length > 0) return [];
  return [finding([...path, key], 'the list is empty', `name one, or remove ${key}`)];
}

function checkRange(range: unknown, path: Path): Finding[] {
  const from = section(range, 'from');
  const to = section(range, 'to');
  if (typeof from !== 'number' || typeof to !== 'number' || from < to) return [];
  return [finding(path, `no number is from ${from} on and less than ${to}`, 'to is the number after the last')];
}

function checkRedirect(redirect: unknown, match: unknown, path: Path): Finding[] {
  if (!isRecord(redirect)) return [];
  const changes = ['scheme', 'host', 'port', ...PATH_CHANGES].filter((key) => Object.hasOwn(redirect, key));
  if (changes.length === 0) {
    return [finding(path, 'it would lead to where the caller came from', 'write scheme, host, port, path or prefix')];
  }
  return checkPathChange(redirect, match, path);
}

function checkRespond(respond: unknown, path: Path): Finding[] {
  const status = section(respond, 'status');
  if (!WITHOUT_BODY.includes(status) || (section(respond, 'body') ?? '') === '') return [];
  return [finding([...path, 'body'], `a response with status ${String(status)} has no body`, 'remove it', 'key')];
}

function checkRewrite(rewrite: unknown, match: unknown, path: Path, regexProblem: RegexProblem): Finding[] {
  if (!isRecord(rewrite)) return [];
  if (!['host', ...PATH_CHANGES].some((key) => Object.hasOwn(rewrite, key))) {
    return [finding(path, 'nothing is rewritten', 'write host, path, prefix or regex, or remove it')];
  }
  const pattern = section(rewrite['regex'], 'pattern');
  return [
    ...checkPathChange(rewrite, match, path),
    ...checkRegex(pattern, [...path, 'regex', 'pattern'], regexProblem),
  ];
}

function checkPathChange(change: Raw, match: unknown, path: Path): Finding[] {
  const given = PATH_CHANGES.filter((key) => Object.hasOwn(change, key));
  const findings = given.slice(1).map((key) => {
    const message = `${given[0]} is there already, and one change of the path is possible`;
    return finding([...path, key], message, 'keep one of them', 'key');
  });
  if (Object.hasOwn(change, 'prefix') && section(section(match, 'path'), 'prefix') === undefined) {
    const message = 'it stands for what match.path.prefix matched, and that is not there';
    findings.push(finding([...path, 'prefix'], message, 'write match: { path: { prefix: … } }, or path here', 'key'));
  }
  return findings;
}

function checkEdits(route: Raw, path: Path): Finding[] {
  return ['requestHeaders', 'responseHeaders'].flatMap((key) => {
    const edits = route[key];
    if (!isRecord(edits) || ['set', 'add', 'remove'].some((one) => Object.hasOwn(edits, one))) return [];
    return [finding([...path, key], 'nothing is changed', 'write set, add or remove')];
  });
}

function checkRegex(pattern: unknown, path: Path, regexProblem: RegexProblem): Finding[] {
  if (typeof pattern !== 'string' || pattern === '') return [];
  const problem = regexProblem(pattern);
  if (problem === undefined) return [];
  const hint = 'the syntax is that of RE2: no look-around and no back-references';
  return [finding(path, `${quote(pattern)} is no regular expression: ${problem}`, hint)];
}

function exactlyOne(value: Raw, keys: readonly string[], path: Path, noun: string): Finding[] {
  const given = keys.filter((key) => Object.hasOwn(value, key));
  if (given.length === 0)
    return [finding(path, `${noun} needs one of ${keys.join(', ')}`, `add ${alternatives(keys)}`)];
  return given
    .slice(1)
    .map((key) =>
      finding([...path, key], `${noun} takes one of ${keys.join(', ')}`, `remove ${key} or ${given[0]}`, 'key'),
    );
}
