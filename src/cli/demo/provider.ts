import type { Member } from './member.ts';

export type ProviderPhase =
  | 'starting'
  | 'running'
  /** Its sidecar takes it back and finishes what is under way. */
  | 'stopping'
  /** Killed, or ended by itself. */
  | 'dead'
  /** Ended in good order. */
  | 'gone';

/** The program of each kind of app, and what it is made with. Those of SOFARPC come and go, the others are there once each. */
export const APPS = {
  sofa: { program: 'provider', madeWith: 'sofa-rpc-node' },
  http: { program: 'shop', madeWith: 'node:http' },
  grpc: { program: 'greeter', madeWith: 'node:http2' },
} as const;

export type ProviderKind = keyof typeof APPS;

/** A provider and its sidecar. */
export class Provider {
  readonly kind: ProviderKind;
  readonly name: string;
  /** `host:port` of its own server, without a sidecar in between. */
  readonly app: string;
  phase: ProviderPhase = 'starting';
  /** `host:port` that its sidecar publishes. */
  ingress = '';
  /** Url of its sidecar's admin pages. */
  admin = '';
  appMember: Member | undefined;
  sidecar: Member | undefined;
  /** When it was killed or ended: ms, monotonic. */
  diedAt: number | undefined;
  /** ms from its death until its sidecar took it out of the registry. */
  withdrawnAfter: number | undefined;

  constructor(kind: ProviderKind, name: string, app: string) {
    this.kind = kind;
    this.name = name;
    this.app = app;
  }

  /** Whether nobody works on it any more: what is left of it can be cleared away. */
  get over(): boolean {
    return this.phase === 'dead' || this.phase === 'gone';
  }
}
