import type { Gate } from '../../message/gate.ts';
import type { RequestHead } from '../../message/http-head.ts';
import type { OpenEdits } from '../../message/open-edits.ts';
import type { CallerExchange, CallerStream } from '../../message/http-stream.ts';
import type { Outcome } from '../../message/outcome.ts';
import type { ReaderLimits } from '../../codec/http1/message-reader.ts';
import type { HeadWriter, HopFields } from '../../codec/http1/head-writer.ts';
import type { Decision } from '../decide.ts';
import type { ProxyDeps } from '../listener-scope.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import type { HttpExchange } from './http-exchange.ts';

/** What a peer may use. Times are milliseconds, sizes octets. */
export interface HttpLimits {
  readonly maxHead: number;
  readonly maxFields: number;
  /** Of a request; 0 for any. */
  readonly maxBody: number;
  /** Requests at a time on one HTTP/2 connection. */
  readonly maxStreams: number;
  readonly headTimeout: number;
  readonly bodyTimeout: number;
  /** 0 for never. */
  readonly streamIdleTimeout: number;
}

/** Edits of one head; the object is used again for the next one. */
export interface SharedEdits extends OpenEdits {
  withoutNames: ReadonlySet<string> | undefined;
}

/** What the HTTP connections and exchanges of one listener share. */
export interface HttpScope {
  readonly name: string;
  readonly deps: ProxyDeps;
  readonly limits: HttpLimits;
  /** Of HTTP/1 heads: always the same object, which readers keep; what it says may change. */
  readonly headLimits: ReaderLimits;
  /** Milliseconds without a request after which a connection is closed; 0 for never. */
  readonly idleTimeout: number;
  /** Milliseconds after which a caller is closed that takes nothing of what waits for it. */
  readonly stallTimeout: number;
  /** Octets of content that a caller may send ahead on one HTTP/2 stream, and on all of a connection. */
  readonly streamWindow: number;
  readonly connectionWindow: number;
  /** What `Upgrade` may ask for, in lower case. */
  readonly upgrades: readonly string[];
  readonly http1Writer: HeadWriter;
  /** Filled in for each head that is written. */
  readonly hop: HopFields;
  /** Likewise. */
  readonly edits: SharedEdits;
  /** What requests pass before they go to a cluster, whatever their route. */
  readonly gates: readonly Gate[] | undefined;
  decide(head: RequestHead): Decision;
  /** The exchange of a request that has come on `caller`; it begins with `start`. */
  open(caller: CallerStream, head: RequestHead): CallerExchange;
  /** An exchange that serves nobody. */
  take(): HttpExchange;
  /** The cluster of a name that a route gives. */
  cluster(name: string): ManagedCluster | undefined;
  recycle(exchange: HttpExchange): void;
  /** Counts a request that ended without a cluster, and that no route has answered. */
  unrouted(outcome: Outcome): void;
}
