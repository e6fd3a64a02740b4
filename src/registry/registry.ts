/**
 * The contract that every registry fulfils. It is small on purpose: publish, unpublish,
 * watch. What a registry cannot reach it retries by itself, for ever, with backoff; the
 * last instances it knew stay known meanwhile.
 */

/** Names what a consumer asks for and a provider offers. */
export interface ServiceKey {
  /** SOFARPC's unique name, `interface:version[:uniqueId]`, the host of HTTP, or any other service name. */
  readonly service: string;
  /** `bolt`, `http` (of any version, gRPC too), `tcp`, or what only others carry. One service may be offered over several protocols at once; they never mix. */
  readonly protocol: string;
  /** Empty when no group is used. */
  readonly group: string;
}

/** One place that offers a service. */
export interface ServiceInstance extends ServiceKey {
  /** `host:port` that the world calls (`[v6]:port` for IPv6). */
  readonly address: string;
  /** Share of the traffic, 100 as a rule; 0 takes no traffic. */
  readonly weight: number;
  /**
   * Further facts. Well-known keys: `app`, `zone`, `serialization` (`hessian2`, `protobuf`),
   * `timeout` (milliseconds), `version` (SOFARPC's service format, `4.0`). All others are the
   * provider's own properties and come back as they went in.
   */
  readonly metadata: Readonly<Record<string, string>>;
}

/** `connecting` also while a lost connection is being made again. */
export type RegistryState = 'connecting' | 'connected' | 'closed';

export interface Watch {
  /** The instances known now; `undefined` until the registry has answered for the first time. */
  readonly instances: readonly ServiceInstance[] | undefined;
  /** Ends the watch; its listener is not called again. */
  close(): void;
}

/**
 * Called with all instances of the watched key: once when they are first known (an empty list
 * when there are none) and after each change, never before `watch` has returned. Never called
 * for a lost connection. The list is sorted by address and holds an address once.
 */
export type WatchListener = (instances: readonly ServiceInstance[]) => void;

export interface Registry {
  readonly type: string;
  readonly state: RegistryState;
  /**
   * Offers an instance until it is unpublished or this registry is closed. Publishing the same
   * key and address again replaces the earlier one without a moment of absence. Resolves when
   * the registry holds it; while the registry is out of reach the promise stays pending and the
   * instance is published as soon as that is possible. Rejects with a WeftError when it cannot
   * ever succeed, or was taken back before it did. Nobody has to look at the promise: an
   * ignored rejection does no harm.
   */
  publish(instance: ServiceInstance): Promise<void>;
  /** Takes an instance back. Unknown ones are ignored. Resolves when the registry has dropped it. */
  unpublish(key: ServiceKey, address: string): Promise<void>;
  watch(key: ServiceKey, listener: WatchListener): Watch;
  /** Calls back at each change of `state`. Returns the way to stop. */
  onState(listener: (state: RegistryState) => void): () => void;
  /** Takes back everything published here (when it is in reach) and ends all watches. */
  close(): Promise<void>;
}

/** A text that tells any two keys apart; for maps and logs. */
export function keyText(key: ServiceKey): string {
  const text = `${keyPart(key.service)}@${keyPart(key.protocol)}`;
  return key.group === '' ? text : `${text}@${keyPart(key.group)}`;
}

function keyPart(text: string): string {
  return /[@%]/.test(text) ? text.replaceAll('%', '%25').replaceAll('@', '%40') : text;
}
