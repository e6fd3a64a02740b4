import * as v from 'valibot';
import { http } from './http-schema.ts';
import { address, count, duration, listenAddress, oneOf, path, size, text } from './leaf.ts';

/** A port of the proxy. What relates one key to another is checked in listener-check.ts. */

const PROTOCOLS = ['bolt', 'http', 'tcp', 'auto'] as const;

const limits = v.pipe(
  v.strictObject({
    maxFrame: v.optional(
      size('Largest frame; a larger one is refused and passed over, the connection goes on.', {
        min: 64,
        max: 1024 ** 3,
      }),
      '16MiB',
    ),
    maxHeader: v.optional(size('Largest header block of a frame.', { max: 65535 }), 65535),
    maxPending: v.optional(
      count('Requests of one connection that may wait for a reply.', { min: 1, max: 1_000_000 }),
      1024,
    ),
    maxConnections: v.optional(count('Open connections; more are closed at once.', { min: 1, max: 1_000_000 }), 10000),
    maxBuffered: v.optional(
      size(
        'Bytes held for all connections together, as many of each: requests that are incomplete or wait for an endpoint, ' +
          'incomplete replies, and what peers have not read, in pieces of 64 KiB a connection. Of several listeners the ' +
          'largest counts.',
        { min: 64 },
      ),
      '256MiB',
    ),
    maxOutput: v.optional(size('Bytes held for one connection that reads slowly.', { min: 64 }), '16MiB'),
    stallTimeout: v.optional(
      duration(
        'How long a connection may take nothing of what waits for it, hold up replies of others by reading slowly, ' +
          'or send less than 256 KiB of a request without completing it; another sidecar has twice as long.',
        { min: 1 },
      ),
      '5s',
    ),
  }),
  v.description('What one listener may use, so that no peer exhausts the proxy.'),
);

const tls = v.pipe(
  v.strictObject({
    certificate: path('PEM file: the certificate, then those that lead to its root.', 'web.pem'),
    key: path('PEM file: the private key, without a password.', 'web-key.pem'),
  }),
  v.description('The listener terminates TLS, offering h2 and http/1.1; without this section it takes clear text.'),
);

export const tcp = v.pipe(
  v.strictObject({
    cluster: v.exactOptional(text('Egress only, required there: the cluster at the other end.', 'db')),
    idleTimeout: v.optional(duration('A tunnel in which nothing moves for this long is closed; 0s means never.'), '1h'),
  }),
  v.description('tcp and auto: raw TCP, from an ingress listener to the app. Required on egress with protocol tcp.'),
);

/** An ingress listener needs `app`, an egress one must not have it: listener-check.ts. */
export const listener = v.pipe(
  v.strictObject({
    name: text('Unique name, for logs and metrics.', 'egress'),
    address: listenAddress('Where it listens; port 0 lets the system choose.'),
    protocol: v.optional(
      oneOf(
        'What is spoken on it: http is HTTP/1 and HTTP/2, told apart by their first bytes, auto all of these.',
        PROTOCOLS,
      ),
      'auto',
    ),
    direction: oneOf('egress takes calls from the app, ingress calls to the app.', ['egress', 'ingress']),
    app: v.exactOptional(address('Ingress only, required: where the app itself listens.')),
    advertise: v.exactOptional(
      address(
        'Ingress only: the address to publish. Default: `address`, with `node.address` (or the first IPv4 address of this machine) in place of a wildcard host.',
      ),
    ),
    idleTimeout: v.optional(duration('A connection idle for this long is closed; 0s means never.'), '0s'),
    limits: v.optional(limits, {}),
    detectTimeout: v.exactOptional(
      duration(
        'auto only: a client that stays silent for this long gets the raw TCP tunnel, where there is one. Default: 3s.',
        { min: 1 },
      ),
    ),
    tls: v.exactOptional(tls),
    tcp: v.exactOptional(tcp),
    http: v.exactOptional(http),
  }),
  v.description('Each says where it listens, what is spoken on it and which way its calls go.'),
);
