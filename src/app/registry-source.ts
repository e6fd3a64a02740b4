import { parseAddress } from '../config/address.ts';
import type { EndpointAddress } from '../dataplane/cluster/endpoint.ts';
import type { EndpointSource } from '../dataplane/cluster/endpoint-source.ts';
import type { ServiceInstance } from '../registry/registry.ts';
import type { WatchSource } from '../sdk/subscriptions.ts';
import type { Logger } from '../telemetry/log.ts';

/** A registry as the data plane sees it: endpoints by service, protocol and group. */
export function registrySource(watches: WatchSource, log: Logger): EndpointSource {
  return {
    watch: (sought, onEndpoints) =>
      watches.watch(sought, (instances) => {
        onEndpoints(instances.flatMap((instance) => toEndpoint(instance, log)));
      }),
  };
}

/** What a peer published may be nonsense; it is left out, and the others stay. */
function toEndpoint(instance: ServiceInstance, log: Logger): EndpointAddress[] {
  const parsed = parseAddress(instance.address);
  if (!parsed.ok) {
    log.warn('leaving out an endpoint whose address cannot be read', {
      service: instance.service,
      address: instance.address,
      reason: parsed.message,
    });
    return [];
  }
  const { host, port } = parsed.value;
  return [{ host, port, weight: instance.weight, metadata: instance.metadata }];
}
