import type { EndpointAddress } from './endpoint.ts';

/** What a cluster's endpoints are looked up by. */
export interface SoughtService {
  /** SOFARPC's unique name; for HTTP the host of its requests; any other name that a route gives. */
  readonly service: string;
  /** That by which it is called: `bolt`, `http` (gRPC too), `tcp`. */
  readonly protocol: string;
  /** Empty for none. */
  readonly group: string;
}

/** Where clusters that are not in the config get their endpoints: a registry, behind this. */
export interface EndpointSource {
  /**
   * Tells `onEndpoints` the endpoints of a service when they are first known, an empty list
   * included, and after each change; not when the source cannot be reached.
   */
  watch(sought: SoughtService, onEndpoints: (endpoints: readonly EndpointAddress[]) => void): { close(): void };
}
