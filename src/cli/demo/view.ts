import type { ProviderRow, Scene } from './scene.ts';
import { count, duration, millis, percent, span } from './text.ts';
import type { Line, Style } from './text.ts';
import type { PathView } from './traffic.ts';

const EMPTY: Line = [];
const EMPTY_SPAN = span('');
const MAX_EVENTS = 8;
/** Fewer hide what a key has just done; before that, other things go. */
const WANTED_EVENTS = 4;
const MIN_EVENTS = 2;
/** A terminal of fewer columns gets shorter names and fewer columns. */
const WIDE = 66;

const KEYS = [
  { key: 'a', long: ' add a provider', short: 'dd' },
  { key: 'k', long: ' kill one', short: 'ill' },
  { key: 's', long: ' stop one gracefully', short: 'top' },
  { key: 'q', long: ' quit', short: 'uit' },
] as const;

export interface Size {
  readonly rows: number;
  readonly columns: number;
}

/** Lays a scene out in at most so many rows; what matters least goes first when there is little room. */
export function layOut(scene: Scene, { rows, columns }: Size): Line[] {
  const wide = columns >= WIDE;
  const spaced = fit(rows, WANTED_EVENTS, (events) => compose(scene, events, { wide, links: 'all' }));
  if (spaced !== undefined) return spaced;
  for (const links of ['all', 'few'] as const) {
    const dense = fit(rows, WANTED_EVENTS, (events) => withoutGaps(compose(scene, events, { wide, links })));
    if (dense !== undefined) return dense;
  }
  const least = (events: number): Line[] => withoutGaps(compose(scene, events, { wide, links: 'none' }));
  return fit(rows, MIN_EVENTS, least) ?? least(MIN_EVENTS).slice(0, rows);
}

/** The lines with the most events for which there is room. */
function fit(rows: number, least: number, lines: (events: number) => Line[]): Line[] | undefined {
  for (let events = MAX_EVENTS; events >= least; events--) {
    const shown = lines(events);
    if (shown.length <= rows) return shown;
  }
  return undefined;
}

function withoutGaps(lines: readonly Line[]): Line[] {
  return lines.filter((line) => line !== EMPTY);
}

interface Extent {
  readonly wide: boolean;
  /** Which pages to look at are named: `few` are the first and the last, the consumer's and the registry's. */
  readonly links: 'all' | 'few' | 'none';
}

function compose(scene: Scene, events: number, { wide, links }: Extent): Line[] {
  return [
    title(scene),
    EMPTY,
    ...paths(scene, wide),
    EMPTY,
    ...providers(scene, wide),
    EMPTY,
    ...look(scene, links),
    ...happened(scene, events),
    EMPTY,
    ...next(scene, wide),
  ];
}

function title({ seconds }: Scene): Line {
  return [
    span(' Weft', 'bold'),
    span('  a consumer calls its providers over SOFARPC, HTTP and gRPC'),
    span(`  ${duration(seconds)}`, 'dim'),
  ];
}

function paths({ mesh, direct, http, grpc, directTo }: Scene, wide: boolean): Line[] {
  const names = wide
    ? { through: ', two sidecars', direct: `without, to ${directTo}`, added: 'the sidecars add', width: 25 }
    : { through: '', direct: 'direct', added: 'added', width: 11 };
  const name = (text: string): string => ` ${text}`.padEnd(names.width);
  const head = 'calls/s'.padStart(7) + 'success'.padStart(11) + 'p50'.padStart(10) + 'p99'.padStart(10);
  const table = [
    [span(name('calls') + head, 'dim'), span('   failed of all', 'dim')],
    pathLine(name(`SOFARPC${names.through}`), mesh, 'bold'),
    pathLine(name(names.direct), direct),
    [
      span(name(names.added) + ' '.repeat(18), 'dim'),
      span(added(mesh.p50, direct.p50).padStart(10) + added(mesh.p99, direct.p99).padStart(10), 'dim'),
      EMPTY_SPAN,
    ],
    pathLine(name(`HTTP${names.through}`), http, 'bold'),
    pathLine(name(`gRPC${names.through}`), grpc, 'bold'),
  ];
  // The last column is the one that success tells as well.
  return wide ? table : table.map((line) => line.slice(0, -1));
}

/** How much longer it takes, with its sign. */
function added(after: number | undefined, before: number | undefined): string {
  if (after === undefined || before === undefined) return '–';
  return `${after < before ? '−' : '+'}${millis(Math.abs(after - before))}`;
}

function pathLine(name: string, path: PathView, style?: Style): Line {
  const good = path.success === undefined ? undefined : path.success === 1 ? 'green' : 'red';
  return [
    span(name + count(Math.round(path.perSecond)).padStart(7), style),
    span(percent(path.success).padStart(11), good),
    span(millis(path.p50).padStart(10) + millis(path.p99).padStart(10), style),
    span(`   ${count(path.failures)} of ${count(path.calls)}`, path.failures > 0 ? 'red' : style),
  ];
}

function providers({ providers: rows }: Scene, wide: boolean): Line[] {
  const address = (text: string): string => (wide ? text.padEnd(16) : '');
  return [
    [span(` provider      ${address('its sidecar')} calls/s    calls  state`, 'dim')],
    ...rows.map((row): Line => {
      const { text, style, mark } = stateOf(row);
      return [
        span(` ${mark} `, style),
        span(row.name.padEnd(12) + address(row.address)),
        span(count(Math.round(row.perSecond)).padStart(8) + count(row.calls).padStart(9)),
        span(`  ${text}`, style),
      ];
    }),
  ];
}

/** How a provider fares, in a word for people. */
export function stateOf(row: ProviderRow): { text: string; style: Style; mark: string } {
  const { phase, endpoint, withdrawnAfter } = row;
  switch (phase) {
    case 'starting':
      return { text: 'starting', style: 'yellow', mark: '◌' };
    case 'running':
      if (endpoint === undefined) return { text: 'not known to the consumer', style: 'yellow', mark: '◌' };
      if (endpoint.usable) return { text: 'ready', style: 'green', mark: '●' };
      return { text: endpoint.reason || 'not usable', style: 'red', mark: '●' };
    case 'stopping':
      return { text: 'stopping', style: 'yellow', mark: '◌' };
    case 'gone':
      return { text: 'stopped', style: 'dim', mark: '○' };
    case 'dead':
      if (endpoint !== undefined) return { text: 'dead, still listed', style: 'red', mark: '✗' };
      return {
        text: `dead${withdrawnAfter === undefined ? '' : `, withdrawn in ${withdrawnAfter} ms`}`,
        style: 'red',
        mark: '✗',
      };
  }
}

function look({ links }: Scene, which: Extent['links']): Line[] {
  if (which === 'none') return [];
  const shown = which === 'all' ? links : links.filter((link) => link === links[0] || link === links.at(-1));
  return [
    [span(' look inside', 'dim')],
    ...shown.map(({ name, url }): Line => [span(` ${name.padEnd(23)}`), span(url, 'cyan')]),
    EMPTY,
  ];
}

function happened({ events }: Scene, most: number): Line[] {
  const last = events.slice(-most);
  return [
    [span(' what happened', 'dim')],
    ...(last.length === 0 ? [[span('              nothing yet', 'dim')]] : []),
    ...last.map(({ seconds, text, times }): Line => {
      return [span(duration(seconds).padStart(12), 'dim'), span(`  ${text}`), span(times > 1 ? ` (×${times})` : '')];
    }),
  ];
}

function next({ hint, keys }: Scene, wide: boolean): Line[] {
  return [[span(` ${hint}`, 'yellow')], keys ? keyBar(wide) : [span(' Ctrl-C ends it', 'dim')]];
}

function keyBar(wide: boolean): Line {
  return KEYS.flatMap(({ key, long, short }) => [span(` [${key}]`, 'bold'), span(`${wide ? long : short} `)]);
}

/** A scene in one line, for where nothing can be drawn over. */
export function oneLine({ seconds, mesh, direct, http, grpc, providers: rows }: Scene): string {
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- it belongs to this text alone
  const path = (name: string, { perSecond, success, p50, p99, failures }: PathView): string =>
    `${name} ${count(Math.round(perSecond))}/s ${percent(success)} p50 ${millis(p50)} p99 ${millis(p99)} failed ${count(failures)}`;
  const ready = rows.filter((row) => row.phase === 'running' && row.endpoint?.usable === true);
  const all = [path('sidecars', mesh), path('direct', direct), path('HTTP', http), path('gRPC', grpc)];
  return `${duration(seconds).padStart(6)}  ${all.join(' | ')} | ${ready.length} ready`;
}
