import * as v from 'valibot';

const clustersSchema = v.object({
  clusters: v.array(
    v.object({
      endpoints: v.array(v.object({ address: v.string(), usable: v.boolean(), reason: v.string() })),
    }),
  ),
});

/** An endpoint as the consumer's sidecar sees it. */
export interface EndpointState {
  readonly usable: boolean;
  /** Why it is not. */
  readonly reason: string;
}

const ASK_MS = 2_000;

/**
 * Asks the consumer's sidecar for the endpoints of all services, by their address. Undefined when it
 * does not answer; `weft demo` shows then what it knew before.
 */
export async function askEndpoints(admin: string): Promise<ReadonlyMap<string, EndpointState> | undefined> {
  try {
    const response = await fetch(new URL('/clusters?format=json', admin), {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(ASK_MS),
    });
    const { clusters } = v.parse(clustersSchema, await response.json());
    const endpoints = clusters.flatMap((cluster) => cluster.endpoints);
    return new Map(endpoints.map(({ address, usable, reason }) => [address, { usable, reason }]));
  } catch {
    return undefined;
  }
}
