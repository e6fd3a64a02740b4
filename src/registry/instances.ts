import { parseAddress } from '../config/address.ts';
import { WeftError } from '../core/errors.ts';
import type { ServiceInstance, ServiceKey } from './registry.ts';

/** Longest service, protocol, group or address, in characters; far above what people use. */
export const MAX_NAME = 1024;
/** Largest weight, so that sums stay exact. */
export const MAX_WEIGHT = 1_000_000;
/**
 * Largest instance, in bytes of JSON. Whatever the local API takes in is smaller, and every registry
 * can carry it: ZooKeeper hangs up on requests above 1 MiB, and one that replaces a node has the
 * instance's url twice, in which a character may take five bytes.
 */
export const MAX_INSTANCE = 96 * 1024;

/** A list as the contract wants it: sorted by address, each address once (the last one given wins). */
export function normalize(instances: Iterable<ServiceInstance>): readonly ServiceInstance[] {
  const byAddress = new Map<string, ServiceInstance>();
  for (const instance of instances) byAddress.set(instance.address, instance);
  return [...byAddress.values()].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

/** Whether two normalized lists say the same. */
export function sameInstances(a: readonly ServiceInstance[], b: readonly ServiceInstance[]): boolean {
  return a.length === b.length && a.every((instance, index) => sameInstance(instance, b[index]));
}

export function sameInstance(a: ServiceInstance, b: ServiceInstance | undefined): boolean {
  return (
    b !== undefined &&
    a.address === b.address &&
    a.weight === b.weight &&
    a.service === b.service &&
    a.protocol === b.protocol &&
    a.group === b.group &&
    sameMetadata(a.metadata, b.metadata)
  );
}

function sameMetadata(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}

/** Tells one publication from another: an address offers a key once. */
export function publicationText(key: ServiceKey, address: string): string {
  return JSON.stringify([key.service, key.protocol, key.group, address]);
}

/** Whether `text` is `host:port` or `[v6]:port` that can be called. */
export function isAddress(text: string): boolean {
  return text.length <= MAX_NAME && parseAddress(text).ok;
}

/** Every reason why nobody can offer or watch `key`; empty when there is none. */
export function keyProblems(key: ServiceKey): string[] {
  const problems: string[] = [];
  if (key.service === '') problems.push('service is empty');
  if (key.protocol === '') problems.push('protocol is empty');
  for (const name of ['service', 'protocol', 'group'] as const) {
    if (key[name].length > MAX_NAME) problems.push(`${name} is longer than ${MAX_NAME} characters`);
  }
  return problems;
}

/** Every reason why `instance` cannot be published; empty when there is none. */
export function instanceProblems(instance: ServiceInstance): string[] {
  const problems = keyProblems(instance);
  if (!isAddress(instance.address)) {
    problems.push(`address ${JSON.stringify(instance.address.slice(0, 100))} is not host:port`);
  }
  if (!Number.isInteger(instance.weight) || instance.weight < 0 || instance.weight > MAX_WEIGHT) {
    problems.push(`weight ${instance.weight} is not a whole number from 0 to ${MAX_WEIGHT}`);
  }
  const size = Buffer.byteLength(JSON.stringify(instance));
  if (size > MAX_INSTANCE) problems.push(`it takes ${size} bytes with its metadata, more than ${MAX_INSTANCE}`);
  return problems;
}

/** The error of an instance that no registry can take. */
export function refusal(instance: ServiceInstance, reason: string): WeftError {
  const what = `${instance.service.slice(0, 200)} at ${instance.address.slice(0, 100)}`;
  return new WeftError('registry_refused', `cannot publish ${what}: ${reason}`, { side: 'local' });
}

/** The error of a publish() that was taken back before the registry ever held it. */
export function withdrawn(reason: 'unpublished' | 'closed'): WeftError {
  const why = reason === 'closed' ? 'the registry was closed' : 'it was unpublished';
  return new WeftError(`registry_${reason}`, `not published: ${why} before the registry could be reached`, {
    side: 'local',
  });
}
