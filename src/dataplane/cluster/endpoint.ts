import { Latency } from './latency.ts';

/** Where a cluster's requests may go, as a registry or the config says it. */
export interface EndpointAddress {
  readonly host: string;
  readonly port: number;
  /** Share of the traffic relative to the others; 0 takes none. */
  readonly weight: number;
  /** Those with the lowest number come first; 0 when it is not said. */
  readonly priority?: number;
  /** Facts for people and for routing, such as `app` and `zone`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** What is kept for an endpoint elsewhere (its connections) and must go when it does. */
export interface EndpointResources {
  /** Takes no new requests, finishes those it has, then gives everything back. */
  drain(): void;
  /** Others have seen the endpoint at work: an earlier failure is no reason to wait any more. */
  onAlive(): void;
  readonly connections: number;
}

/** What may stand against an endpoint: its connections, its replies, or the checks of its health. */
export type Trouble = 'connection' | 'outlier' | 'health';

/**
 * One endpoint of a cluster. It outlives changes of the endpoint list that it is part of, so
 * what is known of it is never forgotten because a neighbour came or went.
 */
export class Endpoint {
  readonly host: string;
  readonly port: number;
  weight: number;
  /** Its weight, or less of it while it is new. */
  share: number;
  priority: number;
  metadata: Readonly<Record<string, string>>;
  /** Requests under way. */
  active = 0;
  /** Until then, by the clock, it is not asked again for HTTP/2: it has answered in HTTP/1. */
  http1Until = Number.NEGATIVE_INFINITY;
  /** How long its replies take. */
  readonly latency = new Latency();
  /** Whether requests may go to it while better ones exist. */
  usable = true;
  /** When it came, or was last found usable after it was not, by the clock. */
  freshSince = Number.NEGATIVE_INFINITY;
  /** No longer in the cluster. */
  removed = false;
  /** Most have never had any. */
  #troubles: Map<Trouble, string> | undefined;
  resources: EndpointResources | undefined;

  constructor(address: EndpointAddress) {
    this.host = address.host;
    this.port = address.port;
    this.weight = this.share = address.weight;
    this.priority = address.priority ?? 0;
    this.metadata = address.metadata ?? {};
  }

  /** Why it is not usable, for people; '' while it is. */
  get reason(): string {
    return this.#troubles === undefined ? '' : [...this.#troubles.values()].join('; ');
  }

  /** Through `Cluster.setUsable`. @returns whether it has become usable, or has stopped being. */
  setTrouble(cause: Trouble, reason: string): boolean {
    const before = this.usable;
    if (reason !== '') (this.#troubles ??= new Map<Trouble, string>()).set(cause, reason);
    else if (this.#troubles?.delete(cause) === true && this.#troubles.size === 0) this.#troubles = undefined;
    this.usable = this.#troubles === undefined;
    return this.usable !== before;
  }

  get address(): string {
    return addressText(this);
  }
}

/** `host:port`, `[v6]:port`. */
export function addressText(address: { readonly host: string; readonly port: number }): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
