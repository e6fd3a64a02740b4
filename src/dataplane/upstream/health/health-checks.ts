import { isDeepStrictEqual } from 'node:util';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import type { HealthPolicy, HttpVersion } from '../../cluster/policy.ts';
import { IDLE_MS } from '../connect-failure.ts';
import type { UpstreamDeps } from '../upstream-deps.ts';
import { EndpointHealth, type EndpointHealthEvents } from './endpoint-health.ts';
import type { Ask } from './question.ts';
import { loadAsk } from './questions.ts';

/** The first checks of many endpoints are so far apart: a sidecar does not open a thousand connections at once. */
const FIRST_APART_MS = 5;

/** By what endpoints are checked; when it changes, they are checked anew. */
interface Checked {
  readonly health: HealthPolicy;
  readonly connectTimeout: number;
  readonly version: HttpVersion;
}

/**
 * Checks the endpoints of one cluster while it is used: from one request on until there has been none for a while. In
 * between, what was last found stays.
 */
export class HealthChecks implements EndpointHealthEvents {
  readonly #cluster: Cluster;
  readonly #deps: UpstreamDeps;
  readonly #onResult: (ok: boolean) => void;
  #checked: Checked;
  /** Undefined while nothing is checked. */
  #ask: Ask | undefined;
  /** Counts what puts an end to a loading. */
  #turn = 0;
  #awake = false;
  readonly #endpoints = new Map<Endpoint, EndpointHealth>();

  /** @param onResult hears how each check went. */
  constructor(cluster: Cluster, health: HealthPolicy, deps: UpstreamDeps, onResult: (ok: boolean) => void) {
    this.#cluster = cluster;
    this.#deps = deps;
    this.#onResult = onResult;
    this.#checked = checkedBy(cluster, health);
    this.#sleep();
  }

  /** The cluster has another policy, which may be about checks. */
  adjust(health: HealthPolicy): void {
    const checked = checkedBy(this.#cluster, health);
    if (isDeepStrictEqual(checked, this.#checked)) return;
    this.#checked = checked;
    if (!this.#awake) return;
    this.#stop();
    this.#wake();
  }

  /** The list of endpoints may have changed. */
  sync(): void {
    // Whatever begins below might put all of it to sleep, while it is being listed.
    if (this.#ask === undefined || !this.goesOn()) return;
    const now = new Set(this.#cluster.endpoints);
    for (const [endpoint, health] of this.#endpoints) {
      if (now.has(endpoint)) continue;
      this.#endpoints.delete(endpoint);
      health.close();
    }
    const { health: policy, connectTimeout } = this.#checked;
    const options = { policy, connectTimeout, ask: this.#ask };
    let delay = 0;
    for (const endpoint of now) {
      if (this.#endpoints.has(endpoint)) continue;
      this.#endpoints.set(endpoint, new EndpointHealth(this.#deps, endpoint, options, delay, this));
      delay = Math.min(delay + FIRST_APART_MS, policy.interval);
    }
  }

  /** Ends all checks, and what they said counts no more. */
  close(): void {
    this.#stop();
    this.#cluster.onNextUse(undefined);
    for (const endpoint of this.#cluster.endpoints) this.#cluster.setUsable(endpoint, true, '', 'health');
  }

  goesOn(): boolean {
    const idle = this.#deps.clock.now() - this.#cluster.lastUsed;
    // With longer intervals each would begin with a pause, and each request with a check.
    if (idle <= Math.max(IDLE_MS, 2 * this.#checked.health.interval)) return true;
    this.#stop();
    this.#sleep();
    return false;
  }

  onChecked(problem: string): void {
    this.#onResult(problem === '');
  }

  onVerdict(endpoint: Endpoint, problem: string): void {
    this.#cluster.setUsable(endpoint, problem === '', `health check: ${problem}`, 'health');
  }

  #sleep(): void {
    this.#cluster.onNextUse(() => this.#wake());
  }

  #wake(): void {
    this.#awake = true;
    const turn = ++this.#turn;
    const { health, version } = this.#checked;
    loadAsk(health.type, version).then(
      (ask) => {
        if (turn !== this.#turn) return;
        this.#ask = ask;
        this.sync();
      },
      // The files are gone, as while another version is put in their place: whoever comes next tries again.
      () => {
        if (turn !== this.#turn) return;
        this.#onResult(false);
        this.#stop();
        this.#sleep();
      },
    );
  }

  #stop(): void {
    this.#awake = false;
    this.#turn++;
    this.#ask = undefined;
    for (const health of this.#endpoints.values()) health.close();
    this.#endpoints.clear();
  }
}

function checkedBy({ policy }: Cluster, health: HealthPolicy): Checked {
  return { health, connectTimeout: policy.connectTimeout, version: policy.http.version };
}
