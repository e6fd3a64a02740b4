/**
 * A strict reader of the Prometheus text format 0.0.4, to prove that what Weft writes is read as
 * it was meant. https://prometheus.io/docs/instrumenting/exposition_formats/
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface MetricFamily {
  help: string;
  kind: string;
  readonly samples: Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const META = new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/y;
const KINDS: readonly string[] = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];

/** Families by name. Throws with the line that is wrong. */
export function parsePrometheus(text: string): Map<string, MetricFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, MetricFamily>();
  const series = new Set<string>();
  for (const line of text.slice(0, -1).split('\n')) {
    const meta = META.exec(line);
    if (meta !== null) readMeta(families, meta, line);
    else readSample(families, series, line);
  }
  for (const [name, family] of families) if (family.kind === 'histogram') checkHistogram(name, family);
  return families;
}

function readMeta(
  families: Map<string, MetricFamily>,
  [, what, name = '', value = '']: RegExpExecArray,
  line: string,
): void {
  const family = families.get(name) ?? { help: '', kind: '', samples: [] };
  if (family.samples.length > 0) throw new Error(`after its samples: ${line}`);
  if (what === 'HELP') family.help = unescape(value);
  else if (KINDS.includes(value) && family.kind === '') family.kind = value;
  else throw new Error(`a second type or none that is known: ${line}`);
  families.set(name, family);
}

function readSample(families: Map<string, MetricFamily>, series: Set<string>, line: string): void {
  const match = SAMPLE.exec(line);
  if (match === null) throw new Error(`neither a comment nor a sample: ${line}`);
  const [, name = '', labelText = '', valueText = ''] = match;
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
  if (family === undefined || family.kind === '') throw new Error(`a sample without a type: ${line}`);
  const value = valueText === '+Inf' ? Infinity : Number(valueText);
  if (Number.isNaN(value) && valueText !== 'NaN') throw new Error(`not a number: ${line}`);
  const labels = readLabels(labelText, line);
  const key = `${name}${seriesKey(labels)}`;
  if (series.has(key)) throw new Error(`twice the same series: ${line}`);
  series.add(key);
  family.samples.push({ name, labels, value });
}

function readLabels(text: string, line: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`labels that cannot be read: ${line}`);
    const [, key = '', value = ''] = match;
    if (Object.hasOwn(labels, key)) throw new Error(`twice the same label: ${line}`);
    labels[key] = unescape(value);
  }
  return labels;
}

/** Buckets ascend, end with +Inf, and agree with the count. */
function checkHistogram(name: string, { samples }: MetricFamily): void {
  const groups = Map.groupBy(samples, ({ labels }) => seriesKey(labels, 'le'));
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le'])));
    const counts = buckets.map(({ value }) => value);
    const count = group.find((sample) => sample.name === `${name}_count`)?.value;
    const ascending = (values: number[]): boolean =>
      values.every((value, i) => i === 0 || value >= (values[i - 1] ?? 0));
    if (!ascending(bounds) || !ascending(counts)) throw new Error(`buckets of ${name}${key} do not ascend`);
    if (bounds.at(-1) !== Infinity || counts.at(-1) !== count)
      throw new Error(`${name}${key} does not end with its count`);
    if (!group.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name}${key} has no sum`);
  }
}

/** Tells series apart, whatever the order of their labels. */
function seriesKey(labels: Readonly<Record<string, string>>, except = ''): string {
  const names = Object.keys(labels).filter((name) => name !== except);
  return JSON.stringify(names.toSorted((a, b) => (a < b ? -1 : 1)).map((name) => [name, labels[name]]));
}

function unescape(text: string): string {
  return text.replace(/\\(["\\n])/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
