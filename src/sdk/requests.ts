/**
 * The bodies of the local API's requests. SDKs are loose: any field may be missing or null, ports
 * and flags may be strings, and fields that we do not know may be there.
 */
import * as v from 'valibot';
import { WeftError } from '../core/errors.ts';
import { nearest } from '../config/nearest.ts';
import { quote } from '../config/value.ts';
import { keyGroup } from '../registry/sofa-names.ts';
import type { ApplicationInfo, Publication, Subscription } from './model.ts';
import { BOLT, normalizeProtocol, normalizeService, PROTOCOL_NAMES } from './protocol.ts';
import { metadataOf } from './provider-url.ts';
import { parseTargetAddress } from './target-address.ts';

/** Names registrations to take back; a field that the SDK left out is `undefined`. */
export interface Selector {
  /** As it was sent: what it means depends on the protocol. */
  readonly service: string;
  readonly protocol: string | undefined;
  readonly group: string | undefined;
}

const MAX_TEXT = 1024;
const MAX_PROPERTIES = 256;

const scalar = v.union([v.string(), v.number(), v.boolean()], 'must be a text');
const text = v.pipe(
  v.nullish(scalar, ''),
  v.transform((value) => String(value).trim()),
  v.maxLength(MAX_TEXT, `must be at most ${MAX_TEXT} characters long`),
);
const flag = v.pipe(
  v.nullish(scalar, false),
  v.transform((value) => value === true || String(value).trim().toLowerCase() === 'true'),
);
const properties = v.pipe(
  v.nullish(v.record(v.string(), v.nullish(scalar), 'must be an object of texts'), {}),
  v.transform((all) => withoutNulls(all)),
  v.check((all) => Object.keys(all).length <= MAX_PROPERTIES, `must have at most ${MAX_PROPERTIES} entries`),
);
const serviceName = v.pipe(
  text,
  v.nonEmpty('is required, as interface:version[:uniqueId], or for HTTP the host'),
  v.regex(/^[^\s\p{Cc}]+$/u, 'must not hold blanks or control characters'),
);
const protocolType = v.pipe(
  text,
  v.check(
    (name) => normalizeProtocol(name) !== undefined,
    ({ input }) => unknownProtocol(input),
  ),
  v.transform((name) => (name === '' ? undefined : normalizeProtocol(name))),
);
const group = v.pipe(
  text,
  v.regex(/^[^\s\p{Cc}@]*$/u, 'must not hold blanks, control characters or @'),
  v.transform(keyGroup),
);
const port = v.pipe(
  text,
  v.check((value) => value === '' || (/^\d{1,5}$/.test(value) && +value >= 1 && +value <= 65535), 'must be 1 to 65535'),
  v.transform((value) => (value === '' ? undefined : Number(value))),
);

const applicationBody = v.object({
  appName: v.pipe(text, v.nonEmpty('is required')),
  zone: text,
  dataCenter: text,
  antShareCloud: flag,
  deployMode: flag,
  masterSystem: flag,
  cloudName: text,
  hostMachine: text,
  registryEndpoint: v.pipe(
    text,
    v.transform((endpoint) => endpoint.replace(/\/\/[^/@]*@/, '//')),
  ),
});

const publishBody = v.object({
  serviceName,
  protocolType,
  group,
  port,
  onlyPublishInCloud: flag,
  providerMetaInfo: v.nullish(
    v.looseObject({ version: text, serializeType: text, appName: text, properties }, 'must be an object'),
    {},
  ),
});

const subscribeBody = v.object({
  serviceName,
  protocolType,
  group,
  targetAppAddress: v.pipe(
    text,
    v.transform((address) => (address === '' ? undefined : (parseTargetAddress(address) ?? false))),
    v.check((target) => target !== false, 'must be [scheme://]host[:port][?query]'),
    v.transform((target) => (target === false ? undefined : target)),
  ),
  vipEnforce: flag,
  vipOnly: flag,
  localCloudFirst: flag,
  properties,
});

const selectorBody = v.object({ serviceName, protocolType, group });

/** Each of these throws a WeftError `bad_request` that lists every fault of the body. */
export function parseApplication(body: object): ApplicationInfo {
  return parse(applicationBody, body);
}

export function parsePublish(body: object): Publication {
  const request = parse(publishBody, body);
  const { protocolType: protocol = BOLT } = request;
  return {
    service: normalizeService(request.serviceName, protocol),
    protocol,
    group: request.group,
    port: request.port,
    onlyPublishInCloud: request.onlyPublishInCloud,
    ...metadataOf(providerMeta(request.providerMetaInfo), protocol),
  };
}

export function parseSubscribe(body: object): Subscription {
  const {
    serviceName: name,
    protocolType: protocol = BOLT,
    targetAppAddress: target,
    ...rest
  } = parse(subscribeBody, body);
  return { ...rest, service: normalizeService(name, protocol), protocol, target };
}

export function parseSelector(body: object): Selector {
  const request = parse(selectorBody, body);
  return {
    service: request.serviceName,
    protocol: request.protocolType,
    group: request.group === '' ? undefined : request.group,
  };
}

function providerMeta(info: v.InferOutput<typeof publishBody>['providerMetaInfo']) {
  // Node's SDK documents providerMetaInfo as a flat map: what is no field of it is a property.
  const { version, serializeType, appName, properties: named, ...flat } = info;
  const loose = Object.entries(flat).filter(([name, value]) => name !== 'protocol' && v.is(scalar, value));
  const strings = loose.map(([name, value]) => [name, String(value)] as const);
  return { version, serializeType, appName, properties: { ...Object.fromEntries(strings), ...named } };
}

/** Taken as it came, a name with a slip in it would be published where no caller looks. */
function unknownProtocol(name: string): string {
  const near = nearest(name, PROTOCOL_NAMES);
  const meant = near === undefined ? 'the' : `did you mean ${near}? The`;
  return `${quote(name)} is not known; ${meant} protocols are ${PROTOCOL_NAMES.join(', ')}`;
}

function withoutNulls(all: Record<string, string | number | boolean | null | undefined>): Record<string, string> {
  const entries = Object.entries(all).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function parse<S extends v.GenericSchema>(schema: S, body: object): v.InferOutput<S> {
  const result = v.safeParse(schema, body, { abortPipeEarly: true });
  if (result.success) return result.output;
  const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'body'} ${issue.message}`);
  throw new WeftError('bad_request', faults.join('; '), { side: 'downstream' });
}
