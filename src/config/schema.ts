import * as v from 'valibot';
import { LOG_LEVELS } from '../telemetry/log.ts';
import {
  address,
  addressList,
  count,
  duration,
  flag,
  httpUrl,
  ip,
  leaf,
  listenAddress,
  oneOf,
  optionalText,
  path,
  secret,
  text,
  zookeeperPath,
} from './leaf.ts';
import { metadata } from './record-leaf.ts';
import { parseAddress, type HostPort } from './address.ts';
import { listener } from './listener-schema.ts';
import { policyDefaults, policyOverrides } from './policy-schema.ts';
import { accept, kindOf } from './value.ts';

/**
 * The config file: every key, its type, default and meaning. The JSON Schema and the reference
 * are made from it. What relates one key to another is checked in cross-check.ts.
 */

export interface EndpointConfig {
  readonly address: HostPort;
  /** Share of the traffic; 0 takes none. */
  readonly weight: number;
  readonly priority: number;
  readonly metadata: Readonly<Record<string, string>>;
}

const DEFAULT_WEIGHT = 100;

const node = v.pipe(
  v.strictObject({
    id: text('Name of this proxy, unique in the mesh.', 'consumer-1'),
    app: v.optional(text('Name of the application beside this proxy.', 'shop'), 'app'),
    zone: v.optional(optionalText('The unit (LDC zone) that this node belongs to.', 'RZ01A'), ''),
    address: v.exactOptional(ip('IP address at which others reach this node; see `listeners[].advertise`.')),
  }),
  v.description('Who this proxy is.'),
);

const admin = v.pipe(
  v.strictObject({ address: v.optional(listenAddress('Where the admin interface listens.'), '127.0.0.1:34901') }),
  v.description('The admin interface: health, metrics, effective config, log level.'),
);

const sdk = v.pipe(
  v.strictObject({ address: v.optional(listenAddress('Where the local API listens.'), '127.0.0.1:13330') }),
  v.description('The local HTTP API, at which the app publishes and subscribes. Without this section there is none.'),
);

const embeddedRegistry = v.pipe(
  v.strictObject({
    type: v.pipe(v.literal('embedded'), v.description('The registry that `weft control` serves.')),
    address: v.optional(address('Where the registry is.'), '127.0.0.1:34920'),
  }),
  v.title('embedded'),
);

const fileRegistry = v.pipe(
  v.strictObject({
    type: v.pipe(v.literal('file'), v.description('A file that lists the services; it is read again when it changes.')),
    path: path('The file, relative to the config file.', 'services.yaml'),
  }),
  v.title('file'),
);

const zookeeperRegistry = v.pipe(
  v.strictObject({
    type: v.pipe(v.literal('zookeeper'), v.description("ZooKeeper, in SOFARPC's own layout.")),
    address: addressList('The servers of the ensemble.'),
    root: v.optional(zookeeperPath('The node below which the layout begins.'), '/'),
    sessionTimeout: v.optional(duration('How long ZooKeeper keeps what a lost proxy published.', { min: 1000 }), '10s'),
    auth: v.exactOptional(
      v.pipe(
        v.strictObject({
          scheme: v.optional(oneOf('How ZooKeeper checks the credential.', ['digest'], kindOf), 'digest'),
          credential: secret('User and password.', /^[^:\s]+:.+$/, 'user:password'),
        }),
        v.description('How to log in; without it, anonymously.'),
      ),
    ),
  }),
  v.title('zookeeper'),
);

const registry = v.pipe(
  v.variant('type', [embeddedRegistry, fileRegistry, zookeeperRegistry]),
  v.description('Where services are published and found. Without this section there are only static clusters.'),
);

const weight = count('Share of the traffic, against the other endpoints; 0 takes none.', { min: 0, max: 10000 });

const priority = count('Endpoints of 0 come first; those of 1 get what these cannot do, and so on.', {
  min: 0,
  max: 127,
});

const endpointText = leaf<EndpointConfig>(
  'host:port, with the weight 100.',
  { title: 'host:port', type: 'string', examples: ['10.0.0.7:12200'] },
  (value) => {
    const parsed = parseAddress(value);
    return parsed.ok ? accept({ address: parsed.value, weight: DEFAULT_WEIGHT, priority: 0, metadata: {} }) : parsed;
  },
);

const endpointObject = v.strictObject({
  address: address('Where the endpoint is.'),
  weight: v.optional(weight, DEFAULT_WEIGHT),
  priority: v.optional(priority, 0),
  metadata: v.optional(metadata('Facts: `zone` says where it is, others make it part of a subset.'), {}),
});

/** Lazy instead of a union: an object is then judged as an object, and its errors keep their paths. */
const endpoint = v.lazy((input): v.GenericSchema<unknown, EndpointConfig> =>
  typeof input === 'object' && input !== null ? endpointObject : endpointText,
);

const cluster = v.pipe(
  v.strictObject({
    name: text('Unique name: the service, as its callers call it.', 'com.demo.Echo:1.0'),
    endpoints: v.pipe(v.array(endpoint), v.description('Where the service is offered.')),
    ...policyOverrides,
  }),
  v.description('A service at known addresses. Its policy keys override `clusterDefaults`.'),
);

const health = v.pipe(
  v.strictObject({
    checkService: v.exactOptional(
      v.pipe(
        v.strictObject({
          url: httpUrl(
            "The app's health URL, on this machine or at the host of `app`; healthy is a 200 whose first line is passed:true.",
            'http://127.0.0.1:9500/checkService',
          ),
          interval: v.optional(duration('Time from one check to the next.', { min: 1 }), '15s'),
          timeout: v.optional(duration('How long a check may take.', { min: 1 }), '3s'),
        }),
        v.description('Asks a URL of the app. Without this section it is not asked.'),
      ),
    ),
    heartbeat: v.optional(
      v.pipe(
        v.strictObject({
          enabled: v.optional(flag('Whether the port of the app is checked.'), true),
          interval: v.optional(duration('Time from one heartbeat to the next.', { min: 1 }), '5s'),
          timeout: v.optional(duration('How long an answer may take.', { min: 1 }), '3s'),
          misses: v.optional(
            count('Heartbeats without an answer after which the app is unhealthy.', { min: 1, max: 100 }),
            3,
          ),
        }),
        v.description(
          "Checks of the app's own ports: heartbeats where it offers a service over Bolt, connections elsewhere.",
        ),
      ),
      {},
    ),
  }),
  v.description('Health of the app behind the ingress listener; what it offers is published while it is healthy.'),
);

const discovery = v.pipe(
  v.strictObject({
    onDemand: v.optional(
      flag('Whether a call to a service that nobody subscribed to looks it up in the registry.'),
      true,
    ),
    maxServices: v.optional(count('Services watched at once.', { min: 1, max: 1_000_000 }), 1024),
    idle: v.optional(
      duration('A service looked up on demand and not called for this long is forgotten; 0s means never.'),
      '10m',
    ),
    firstPush: v.optional(duration("How long a subscriber waits for the registry's first answer."), '3s'),
  }),
  v.description('How services are found in the registry.'),
);

const shutdown = v.pipe(
  v.strictObject({
    propagation: v.optional(duration('Wait after unpublishing, so that consumers hear of it.'), '2s'),
    drain: v.optional(duration('How long requests in flight may take to finish.'), '20s'),
  }),
  v.description(
    'What happens between SIGTERM and the exit. The defaults add up to 22 s, or 27 s when the registry does not answer: ' +
      'within the 30 s that Kubernetes gives a pod (`terminationGracePeriodSeconds`); who raises them raises that, too.',
  ),
);

const log = v.pipe(
  v.strictObject({
    level: v.optional(oneOf('The least important level that is written.', LOG_LEVELS), 'info'),
    format: v.optional(oneOf('Lines for people, or JSON for machines.', ['text', 'json']), 'text'),
  }),
  v.description('Log lines on standard error.'),
);

export const configSchema = v.pipe(
  v.strictObject({
    node,
    admin: v.optional(admin, {}),
    sdk: v.exactOptional(sdk),
    stateDir: v.optional(
      path('Folder for what must outlive a restart, relative to the config file. Proxies may share it.', '.weft'),
      '.weft',
    ),
    registry: v.exactOptional(registry),
    listeners: v.optional(v.pipe(v.array(listener), v.description('The ports of the proxy.')), []),
    clusterDefaults: v.optional(
      v.pipe(
        policyDefaults,
        v.description('Policy of the clusters that come from the registry, and default of static ones.'),
      ),
      {},
    ),
    clusters: v.optional(v.pipe(v.array(cluster), v.description('Static clusters.')), []),
    health: v.optional(health, {}),
    discovery: v.optional(discovery, {}),
    shutdown: v.optional(shutdown, {}),
    log: v.optional(log, {}),
  }),
  v.title('Weft proxy config'),
  v.description('The config of `weft proxy`. YAML or JSON; unknown keys are errors.'),
);

/** What the schema makes of a valid file, before paths, policies and addresses are completed. */
export type ParsedFile = v.InferOutput<typeof configSchema>;
