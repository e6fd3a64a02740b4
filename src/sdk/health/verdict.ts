/** `unknown` until the first answer. */
export type HealthState = 'unknown' | 'healthy' | 'unhealthy';

export interface Verdict {
  readonly state: HealthState;
  /** For people: what is waited for, or what is wrong; empty when healthy. */
  readonly reason: string;
}

export const HEALTHY: Verdict = { state: 'healthy', reason: '' };

/** Something that is checked again and again. */
export interface Check {
  readonly verdict: Verdict;
  /** Looks at once, unless a look is under way. */
  checkNow(): void;
  close(): void;
}

/** The worst of several: unhealthy before unknown before healthy. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  const bad = verdicts.filter((verdict) => verdict.state === 'unhealthy');
  const open = bad.length > 0 ? bad : verdicts.filter((verdict) => verdict.state === 'unknown');
  const first = open[0];
  if (first === undefined) return HEALTHY;
  return { state: first.state, reason: open.map((verdict) => verdict.reason).join('; ') };
}
