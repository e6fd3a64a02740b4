export type BalancerType = 'round_robin' | 'least_request' | 'random' | 'peak_ewma' | 'ring_hash' | 'maglev';
export type RetryCondition = 'connect-failure' | 'reset';

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
  /** `attempts` more tries at most, and only for what `on` names. */
  readonly retries: { readonly attempts: number; readonly on: readonly RetryCondition[] };
  readonly http: HttpPolicy;
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
