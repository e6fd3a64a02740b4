import { finding, type Finding, type Path } from './issue.ts';
import { checkSources } from './policy-check.ts';
import { section, type Raw } from './raw-file.ts';
import { isRecord } from './value.ts';

/** What goes together in what a route does on the way to its cluster. */
export function checkRoutePolicies(route: Raw, path: Path): Finding[] {
  return [
    ...checkRetries(route['retries'], [...path, 'retries']),
    ...checkLimit(route['limit'], [...path, 'limit']),
    ...checkFault(route['fault'], [...path, 'fault']),
  ];
}

function checkRetries(retries: unknown, path: Path): Finding[] {
  if (!isRecord(retries) || Object.keys(retries).length > 0) return [];
  return [finding(path, 'nothing is changed', 'write what is different, such as attempts: 0, or remove it')];
}

function checkLimit(limit: unknown, path: Path): Finding[] {
  const by = section(limit, 'by');
  if (!Array.isArray(by)) return [];
  if (by.length === 0) return [finding([...path, 'by'], 'the list is empty', 'name one, or remove by')];
  return checkSources(by, [...path, 'by']);
}

function checkFault(fault: unknown, path: Path): Finding[] {
  if (!isRecord(fault)) return [];
  if (!['delay', 'abort', 'header'].some((key) => Object.hasOwn(fault, key))) {
    return [finding(path, 'nothing goes wrong', 'write delay, abort or header, or remove it')];
  }
  const abort = fault['abort'];
  if (!isRecord(abort) || Object.hasOwn(abort, 'status') || Object.hasOwn(abort, 'grpc')) return [];
  return [
    finding([...path, 'abort'], 'an abort needs a status, a code of gRPC, or both', 'add status: 503 or grpc: 14'),
  ];
}
