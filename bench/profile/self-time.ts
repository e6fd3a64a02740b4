/** The part of V8's .cpuprofile format (DevTools protocol, Profiler.Profile) that self times need. */
export type CpuProfile = {
  nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; /** Zero-based. */ lineNumber: number };
  }[];
  /** The node that ran at each sample. */
  samples: readonly number[];
  /** µs since the sample before. */
  timeDeltas: readonly number[];
};

export type SelfTime = {
  /** The function, or V8's name for what is none: (program), (garbage collector), … */
  name: string;
  /** `file:line`, empty for what has none. */
  place: string;
  micros: number;
  /** Of all time that was not idle. */
  share: number;
};

/** The functions that ran longest themselves, callees apart, longest first. Idle time does not count. */
export function topSelfTimes(profile: CpuProfile, count: number): SelfTime[] {
  const keyOf = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const entries = new Map<string, { name: string; place: string; micros: number }>();
  let busy = 0;
  profile.samples.forEach((id, i) => {
    const frame = keyOf.get(id);
    if (frame === undefined || frame.functionName === '(idle)') return;
    const micros = profile.timeDeltas[i] ?? 0;
    busy += micros;
    const name = frame.functionName === '' ? '(anonymous)' : frame.functionName;
    const place = placeOf(frame.url, frame.lineNumber);
    const entry = entries.get(`${name} ${place}`);
    if (entry === undefined) entries.set(`${name} ${place}`, { name, place, micros });
    else entry.micros += micros;
  });
  return [...entries.values()]
    .toSorted((a, b) => b.micros - a.micros)
    .slice(0, count)
    .map((entry) => ({ ...entry, share: entry.micros / busy }));
}

function placeOf(url: string, line: number): string {
  if (url === '') return '';
  const file = url.startsWith('node:') ? url : url.slice(url.lastIndexOf('/') + 1);
  return `${file}:${line + 1}`;
}
