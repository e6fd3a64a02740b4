import { BODY, RPC, SMALL } from '../load/http-traffic.ts';
import type { H2loadLoad, Scenario, WrkLoad } from './scenario.ts';

const HTTP1: WrkLoad = { by: 'wrk', connections: 32, path: SMALL.path, replyBytes: SMALL.reply.length };
const HTTP2: H2loadLoad = { by: 'h2load', connections: 16, streams: 8, path: SMALL.path, grpc: false };
const LOAD = { kind: 'load', light: false, turns: 1 } as const;

/** What a plain proxy of the field may cost less, and a mesh's sidecar more, than ours. */
const within = (plain: string) =>
  [
    { figure: 'cpu-ratio', to: plain, atMost: 1.3 },
    { figure: 'cpu-ratio', to: 'envoy', atMost: 0.8 },
  ] as const;

export const HTTP_SCENARIOS: readonly Scenario[] = [
  {
    ...LOAD,
    protocol: 'http1',
    name: 'http1',
    title: `HTTP/1.1, 32 keep-alive connections, bodies of ${SMALL.reply.length} bytes (wrk)`,
    load: HTTP1,
    peers: ['haproxy', 'envoy'],
    wanted: within('haproxy'),
  },
  {
    ...LOAD,
    protocol: 'http2',
    name: 'http2',
    title: `HTTP/2, 16 connections × 8 streams, bodies of ${SMALL.reply.length} bytes (h2load)`,
    load: HTTP2,
    peers: ['nghttpx', 'envoy'],
    wanted: within('nghttpx'),
  },
  {
    ...LOAD,
    protocol: 'grpc',
    name: 'grpc',
    title: 'gRPC unary, 16 connections × 8 streams, with trailers (h2load)',
    load: { ...HTTP2, path: RPC.path, grpc: true },
    peers: ['nghttpx', 'envoy'],
    wanted: within('nghttpx'),
  },
  {
    ...LOAD,
    protocol: 'http1',
    name: 'body',
    title: 'replies of 1 MiB over HTTP/1.1, 8 connections (wrk); a request is a MiB',
    load: { by: 'wrk', connections: 8, path: BODY.path, replyBytes: BODY.reply.length },
    peers: ['haproxy', 'envoy'],
    wanted: [{ figure: 'cpu-ratio', to: 'haproxy', atMost: 1.3 }],
  },
  {
    ...LOAD,
    protocol: 'http1',
    name: 'latency',
    title: 'HTTP/1.1, 2,000 requests/s on 16 connections, open loop',
    load: { by: 'lanes', traffic: { protocol: 'http1' }, connections: 16, pace: { kind: 'open', rate: 2000 } },
    light: true,
    // What is wanted here is small beside the wandering of a p50: shorter turns pair its values better.
    turns: 2,
    peers: ['envoy'],
    wanted: [{ figure: 'p50-above', of: 'envoy', atMost: 0 }],
  },
  {
    kind: 'memory',
    protocol: 'http1',
    name: 'http-memory',
    title: 'resident MB: just started, with 1,000 idle HTTP/1.1 connections, after http1',
    idleConnections: 1000,
    idleTraffic: { protocol: 'http1' },
    load: HTTP1,
    mostRounds: 1,
    wanted: [],
  },
];
