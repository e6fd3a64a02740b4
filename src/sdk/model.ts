import type { ServiceKey } from '../registry/registry.ts';
import type { TargetAddress } from './target-address.ts';

/**
 * What an application says of itself. `accessKey` and `secretKey`, which SDKs may send too, are
 * dropped where requests are parsed: no registry of ours needs them, so nothing here can leak them.
 */
export interface ApplicationInfo {
  readonly appName: string;
  readonly zone: string;
  readonly dataCenter: string;
  readonly antShareCloud: boolean;
  readonly deployMode: boolean;
  readonly masterSystem: boolean;
  readonly cloudName: string;
  readonly hostMachine: string;
  /** Kept for people to see; the sidecar's own config says which registry is used. */
  readonly registryEndpoint: string;
}

/** A service that the application offers behind this sidecar. */
export interface Publication extends ServiceKey {
  /** The application's own port; `undefined` means the one that the ingress listener names. */
  readonly port?: number | undefined;
  readonly weight: number;
  readonly onlyPublishInCloud: boolean;
  /** As `ServiceInstance.metadata`; `app` and `zone` are absent when the SDK named none. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A service that the application calls. */
export interface Subscription extends ServiceKey {
  /** An address that the SDK named beside the service; for display, calls go by the registry. */
  readonly target?: TargetAddress | undefined;
  readonly vipEnforce: boolean;
  readonly vipOnly: boolean;
  readonly localCloudFirst: boolean;
  readonly properties: Readonly<Record<string, string>>;
}

/** Everything that an application has registered. Immutable; maps go by `keyText`. */
export interface RegistrationState {
  readonly application: ApplicationInfo | undefined;
  readonly publications: ReadonlyMap<string, Publication>;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
}

export const EMPTY_STATE: RegistrationState = {
  application: undefined,
  publications: new Map(),
  subscriptions: new Map(),
};
