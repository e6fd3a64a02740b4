import { getHeapStatistics, type HeapInfo } from 'node:v8';
import { median, spread } from '../measure/statistics.ts';

export type Case = {
  name: string;
  /** What the figure is for: frames, calls. */
  unit: string;
  /** Units that one run does. */
  units: number;
  run(): void;
};

export type Timing = {
  name: string;
  unit: string;
  /** Median over the samples. */
  nanos: number;
  spread: number;
  /** Of V8's heap, taken for a unit. */
  bytes: number;
};

const SAMPLES = 15;
const SAMPLE_MS = 20;

/**
 * Times a case in samples of about 20 ms, after as much warm-up. All cases take turns sample by sample, so that they
 * meet the same machine, and the JIT sees all of them before it is timed on one.
 */
export function timeAll(cases: readonly Case[]): Timing[] {
  const prepared = cases.map((one) => ({ ...one, runs: calibrate(one), nanos: [] as number[] }));
  for (let sample = -1; sample < SAMPLES; sample++) {
    for (const one of prepared) {
      const nanos = timed(one, one.runs) / (one.runs * one.units);
      if (sample >= 0) one.nanos.push(nanos);
    }
  }
  return prepared.map((one) => {
    const { name, unit, nanos } = one;
    return { name, unit, nanos: median(nanos), spread: spread(nanos), bytes: allocated(one) };
  });
}

function allocated(one: Case): number {
  const before = taken();
  one.run();
  return (taken() - before) / one.units;
}

/** Bytes of V8's heap that were ever taken. */
function taken(): number {
  return (getHeapStatistics() as HeapInfo & { total_allocated_bytes: number }).total_allocated_bytes;
}

/** How many runs take about one sample's time. */
function calibrate(one: Case): number {
  let runs = 1;
  for (;;) {
    const nanos = timed(one, runs);
    if (nanos >= SAMPLE_MS * 1e6) return Math.max(1, Math.round((runs * SAMPLE_MS * 1e6) / nanos));
    runs *= 2;
  }
}

function timed(one: Case, runs: number): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < runs; i++) one.run();
  return Number(process.hrtime.bigint() - start);
}
