import * as v from 'valibot';
import { pseudonym, upgradeToken } from './http-leaf.ts';
import { count, duration, flag, oneOf, size } from './leaf.ts';
import { route } from './route-schema.ts';

/** `listeners[].http`: HTTP/1 and HTTP/2 on one listener. */

const limits = v.pipe(
  v.strictObject({
    maxHead: v.optional(
      size('Largest head of a message, and largest trailer section.', { min: 1024, max: 16 * 1024 ** 2 }),
      '64KiB',
    ),
    maxFields: v.optional(count('Fields in a head.', { min: 1, max: 10_000 }), 100),
    maxBody: v.optional(size('Largest body of a request; 0 means no limit.', { min: 0 }), 0),
    maxStreams: v.optional(count('Requests at a time on one HTTP/2 connection.', { min: 1, max: 1_000_000 }), 256),
    headTimeout: v.optional(duration('How long a head may take from its first byte to its last.', { min: 1 }), '10s'),
    bodyTimeout: v.optional(
      duration(
        'How long a body may stand still that is waited for; where streamIdleTimeout is 0s, also one that the endpoint does not take.',
        { min: 1 },
      ),
      '60s',
    ),
    streamIdleTimeout: v.optional(
      duration('An exchange or an upgraded connection in which nothing moves for this long is ended; 0s means never.'),
      '5m',
    ),
  }),
  v.description('What a peer may use, beside the limits of the listener.'),
);

const forwarding = v.pipe(
  v.strictObject({
    for: v.exactOptional(
      oneOf(
        'What is said of the caller to whom a request goes: append adds it to what came, replace drops what came, ' +
          'keep passes on what came, remove drops it. Default: append on ingress, keep on egress.',
        ['append', 'replace', 'keep', 'remove'],
      ),
    ),
    style: v.optional(
      oneOf('Which fields say it: x-forwarded-for, -proto and -host, or forwarded (RFC 7239), or both.', [
        'x-forwarded',
        'forwarded',
        'both',
      ]),
      'x-forwarded',
    ),
    via: v.optional(pseudonym('The name by which the proxy stands in the field via; empty for none.'), 'weft'),
    requestId: v.optional(flag('Whether x-request-id is made where it is missing.'), true),
  }),
  v.description('What requests tell of those that they came through.'),
);

export const http = v.pipe(
  v.strictObject({
    versions: v.optional(
      v.pipe(
        v.array(oneOf('A version of HTTP.', ['http1', 'http2'])),
        v.description('Which versions of HTTP are taken; what else comes is refused in the words of those.'),
      ),
      ['http1', 'http2'],
    ),
    limits: v.optional(limits, {}),
    upgrades: v.optional(
      v.pipe(v.array(upgradeToken('A protocol.')), v.description('What a request may upgrade its connection to.')),
      ['websocket'],
    ),
    grpcWeb: v.optional(
      flag(
        'Whether calls of grpc-web, which browsers make, are carried on as gRPC; false where the app takes them itself.',
      ),
      true,
    ),
    forwarding: v.optional(forwarding, {}),
    routes: v.optional(
      v.pipe(
        v.array(route),
        v.description(
          'Tried in order, the first that fits is taken. When none fits, a request goes to the cluster named as its ' +
            'host (egress) or to the app (ingress). See routes.md.',
        ),
      ),
      [],
    ),
  }),
  v.description('http and auto: how HTTP is treated.'),
);
