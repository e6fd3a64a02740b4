/** Where a cluster's requests may go, as a registry or the config says it. */
export interface EndpointAddress {
  readonly host: string;
  readonly port: number;
  /** Share of the traffic relative to the others; 0 takes none. */
  readonly weight: number;
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

/**
 * One endpoint of a cluster. It outlives changes of the endpoint list that it is part of, so
 * what is known of it is never forgotten because a neighbour came or went.
 */
export class Endpoint {
  readonly host: string;
  readonly port: number;
  weight: number;
  metadata: Readonly<Record<string, string>>;
  /** Requests under way. */
  active = 0;
  /** Whether requests may go to it while better ones exist. Set through `Cluster.setUsable`. */
  usable = true;
  /** Why it is not usable; for people. */
  reason = '';
  /** No longer in the cluster. */
  removed = false;
  resources: EndpointResources | undefined;

  constructor(address: EndpointAddress) {
    this.host = address.host;
    this.port = address.port;
    this.weight = address.weight;
    this.metadata = address.metadata ?? {};
  }

  get address(): string {
    return addressText(this);
  }
}

/** `host:port`, `[v6]:port`. */
export function addressText(address: { readonly host: string; readonly port: number }): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
