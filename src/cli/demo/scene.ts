import type { ProviderPhase } from './provider.ts';
import type { PathView } from './traffic.ts';

/** All that a frame of the demo shows, as plain values. */
export interface Scene {
  /** Seconds since the calls began. */
  readonly seconds: number;
  /** SOFARPC, through the sidecars. */
  readonly mesh: PathView;
  /** The same without them. */
  readonly direct: PathView;
  readonly http: PathView;
  readonly grpc: PathView;
  /** The provider that is called without sidecars. */
  readonly directTo: string;
  readonly providers: readonly ProviderRow[];
  /** What can be looked at in a browser. */
  readonly links: readonly { readonly name: string; readonly url: string }[];
  readonly events: readonly SceneEvent[];
  /** What to try next. */
  readonly hint: string;
  /** Whether keys are heard. */
  readonly keys: boolean;
}

export interface ProviderRow {
  readonly name: string;
  /** The address that its sidecar publishes. */
  readonly address: string;
  readonly phase: ProviderPhase;
  /** As the consumer's sidecar sees it: undefined when it is no endpoint there. */
  readonly endpoint: { readonly usable: boolean; readonly reason: string } | undefined;
  /** Calls through the sidecars that it has answered. */
  readonly calls: number;
  readonly perSecond: number;
  /** ms from its death until its sidecar took it out of the registry. */
  readonly withdrawnAfter: number | undefined;
}

export interface SceneEvent {
  /** Seconds since the calls began. */
  readonly seconds: number;
  readonly text: string;
  /** How often in a row; `seconds` is that of the last time. */
  readonly times: number;
}
