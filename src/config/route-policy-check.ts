import { finding, type Finding, type Path } from './issue.ts';
import type { Raw } from './raw-file.ts';
import { isRecord } from './value.ts';

/** What goes together in what a route does on the way to its cluster. */
export function checkRoutePolicies(route: Raw, path: Path): Finding[] {
  return checkFault(route['fault'], [...path, 'fault']);
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
