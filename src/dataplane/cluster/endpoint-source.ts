import type { EndpointAddress } from './endpoint.ts';

/** Where clusters that are not in the config get their endpoints: a registry, behind this. */
export interface EndpointSource {
  /**
   * Tells `onEndpoints` the endpoints of a service in one group (empty for none) when they are first known, an empty list
   * included, and after each change; not when the source cannot be reached.
   */
  watch(
    service: string,
    group: string,
    onEndpoints: (endpoints: readonly EndpointAddress[]) => void,
  ): { close(): void };
}
