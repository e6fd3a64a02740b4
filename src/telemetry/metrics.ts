/**
 * Counters, gauges and histograms in the Prometheus text format.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * A handle (one set of label values) is bound when something is built, not per request: on
 * the path a counter is one addition. Handles are removed with what they describe, so that
 * the number of time series follows the mesh as it is, not as it ever was.
 */

export type Labels = Readonly<Record<string, string>>;

export class Counter {
  value = 0;
  inc(): void {
    this.value++;
  }
  add(amount: number): void {
    this.value += amount;
  }
}

export class Gauge {
  value = 0;
}

/** Upper bounds in seconds: a proxy's own share is tens of microseconds, a slow call seconds. */
export const LATENCY_BUCKETS: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

export class Histogram {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;
  /** The largest value so far; Prometheus does not see it. */
  max = 0;

  constructor(bounds: readonly number[] = LATENCY_BUCKETS) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.bounds;
    let i = 0;
    while (i < bounds.length && value > bounds[i]!) i++;
    this.counts[i]!++;
    this.sum += value;
    if (value > this.max) this.max = value;
  }
}

type Metric = Counter | Gauge | Histogram;
type Kind = 'counter' | 'gauge' | 'histogram';

interface Family {
  readonly kind: Kind;
  readonly help: string;
  /** By rendered labels. */
  readonly series: Map<string, Metric>;
}

/** All metrics of one proxy. Nothing of it is global. */
export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #collectors = new Set<() => void>();

  counter(name: string, help: string, labels: Labels = {}): Counter {
    return this.#bind(name, 'counter', help, labels, () => new Counter());
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    return this.#bind(name, 'gauge', help, labels, () => new Gauge());
  }

  histogram(name: string, help: string, labels: Labels = {}, bounds: readonly number[] = LATENCY_BUCKETS): Histogram {
    return this.#bind(name, 'histogram', help, labels, () => new Histogram(bounds));
  }

  /** `collect` runs before each rendering, to set gauges that are cheaper to read than to keep. */
  onCollect(collect: () => void): () => void {
    this.#collectors.add(collect);
    return () => this.#collectors.delete(collect);
  }

  /** Forgets every series that carries all of `labels`, whatever its name. */
  remove(labels: Labels): void {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${escapeLabel(value)}"`);
    for (const [name, family] of this.#families) {
      for (const key of family.series.keys()) {
        // Taking labels apart is dear, and there may be very many series.
        if (!wanted.every((part) => key.includes(part))) continue;
        const parts = splitLabels(key);
        if (wanted.every((part) => parts.includes(part))) family.series.delete(key);
      }
      if (family.series.size === 0) this.#families.delete(name);
    }
  }

  /** The exposition text, version 0.0.4. */
  render(): string {
    for (const collect of this.#collectors) collect();
    let text = '';
    for (const [name, family] of [...this.#families].sort(([a], [b]) => (a < b ? -1 : 1))) {
      text += `# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${family.kind}\n`;
      for (const [labels, metric] of family.series) text += renderSeries(name, labels, metric);
    }
    return text;
  }

  #bind<M extends Metric>(name: string, kind: Kind, help: string, labels: Labels, create: () => M): M {
    let family = this.#families.get(name);
    if (family === undefined) this.#families.set(name, (family = { kind, help, series: new Map() }));
    if (family.kind !== kind) throw new TypeError(`metric ${name} is a ${family.kind}, not a ${kind}`);
    const key = renderLabels(labels);
    const known = family.series.get(key);
    if (known !== undefined) return known as M;
    const metric = create();
    family.series.set(key, metric);
    return metric;
  }
}

function renderSeries(name: string, labels: string, metric: Metric): string {
  if (!(metric instanceof Histogram)) return `${name}${labels === '' ? '' : `{${labels}}`} ${metric.value}\n`;
  const prefix = labels === '' ? '' : `${labels},`;
  let text = '';
  let total = 0;
  for (let i = 0; i < metric.counts.length; i++) {
    total += metric.counts[i]!;
    text += `${name}_bucket{${prefix}le="${metric.bounds[i] ?? '+Inf'}"} ${total}\n`;
  }
  const braces = labels === '' ? '' : `{${labels}}`;
  return `${text}${name}_sum${braces} ${metric.sum}\n${name}_count${braces} ${total}\n`;
}

function renderLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}="${escapeLabel(value)}"`)
    .join(',');
}

function splitLabels(rendered: string): string[] {
  return rendered.match(/[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\.)*"/g) ?? [];
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
}

function escapeHelp(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
}
