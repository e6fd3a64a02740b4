import type { RetryRules } from '../message/retry.ts';

export type BalancerType = 'round_robin' | 'least_request' | 'random' | 'peak_ewma' | 'ring_hash' | 'maglev';

/** How a cluster's requests are treated. All times are milliseconds. */
export interface ClusterPolicy {
  readonly lb: BalancerType;
  readonly balancing: BalancingPolicy;
  /** What `ring_hash` and `maglev` balance by: the first of these that a request has. */
  readonly hash: readonly HashSource[];
  readonly connectTimeout: number;
  /** For requests that name no timeout of their own. */
  readonly timeout: number;
  /** Connections to each endpoint. */
  readonly connections: number;
  /** Requests that may wait for replies on one connection. */
  readonly maxPendingPerConnection: number;
  /** Requests that wait for a connection, or for the first endpoints: how many, and each for how long. */
  readonly queue: { readonly max: number; readonly timeout: number };
  readonly heartbeat: HeartbeatPolicy;
  readonly retries: RetryPolicy;
  readonly breaker: BreakerPolicy;
  readonly outlier: OutlierPolicy;
  readonly http: HttpPolicy;
  /** Absent: endpoints are not checked. */
  readonly health?: HealthPolicy;
}

export interface RetryPolicy extends RetryRules {
  /** Of the requests under way so many percent, and at least `min`, may be tries beyond the first. */
  readonly budget: { readonly percent: number; readonly min: number };
}

/** What of a cluster may be under way at once; 0: any number. */
export interface BreakerPolicy {
  readonly requests: number;
  /** Connections to all endpoints together. */
  readonly connections: number;
}

export interface OutlierPolicy {
  /** Failures in a row that eject an endpoint; 0: none do. */
  readonly consecutive: number;
  /** Percent of an endpoint's requests in `interval`; 0: none do. */
  readonly failurePercentage: number;
  /** How many standard deviations below the mean success rate; 0: none do. */
  readonly successRate: number;
  /** The last two count where so many endpoints have had so many requests each. */
  readonly minEndpoints: number;
  readonly minRequests: number;
  readonly interval: number;
  /** Times the number of ejections, up to `maxEjection`. */
  readonly baseEjection: number;
  readonly maxEjection: number;
  /** Percent of the endpoints; one always may be. */
  readonly maxEjected: number;
}

/** One of these is there. */
export interface HashSource {
  readonly header?: string;
  readonly cookie?: string;
  readonly query?: string;
  /** The caller's address, without its port. */
  readonly source?: true;
}

/** Which endpoints are preferred, and for how much. */
export interface LevelPolicy {
  /** Endpoints in the own zone come first. */
  readonly preferZone: boolean;
  /** Percent of its weight that what is usable of a level can do when the rest is gone; at least 100. */
  readonly overprovision: number;
  /** Of a level of which less than so many percent are usable, and that gets no help, all endpoints are taken. */
  readonly panicThreshold: number;
}

export interface BalancingPolicy extends LevelPolicy {
  /** ms in which an endpoint that is new, or usable again, comes to its full share; 0 for at once. */
  readonly slowStart: number;
}

export type HttpVersion = 'same' | 'http1' | 'http2';

export interface HttpPolicy {
  /** What is spoken to endpoints; `same` is what the request came in. */
  readonly version: HttpVersion;
  /** HTTP/1 connections to each endpoint. */
  readonly connections: number;
  /** From the end of a request to the head of its response. */
  readonly timeout: number;
  /** A pooled connection that nothing uses for this long is closed. */
  readonly idleTimeout: number;
}

/** How endpoints are asked whether they are well; a connection for each check. */
export interface HealthPolicy {
  readonly type: HealthType;
  /** From one check to the next, give or take a part of it by chance. */
  readonly interval: number;
  /** Of a check as a whole. */
  readonly timeout: number;
  /** Checks in a row that fail, or that go well, until it counts. */
  readonly unhealthyThreshold: number;
  readonly healthyThreshold: number;
  /** Absent: that of the endpoint. */
  readonly port?: number;
  /** http: with the query; absent: `/`. */
  readonly path?: string;
  /** http and grpc: absent: the address that is asked. */
  readonly host?: string;
  /** http: those that are well; absent: 200 to 399. */
  readonly statuses?: readonly number[];
  /** grpc: absent: the server as a whole. */
  readonly service?: string;
}

export type HealthType = 'tcp' | 'http' | 'grpc' | 'bolt';

export interface HeartbeatPolicy {
  /** Idle time after which a heartbeat is sent. */
  readonly interval: number;
  /** The interval doubles up to this while nothing but heartbeats is exchanged. */
  readonly maxInterval: number;
  /** Unanswered heartbeats after which the connection is closed. */
  readonly misses: number;
  /** An answer that takes longer makes the endpoint suspect: others are preferred. */
  readonly timeout: number;
}
