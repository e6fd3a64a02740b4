import type { ProviderRow, Scene } from './scene.ts';
import { count, duration, millis, percent, span } from './text.ts';
import type { Line, Span, Style } from './text.ts';
import type { PathView } from './traffic.ts';

const EMPTY: Line = [];
const MAX_EVENTS = 8;
const MIN_EVENTS = 2;

/** Lays a scene out in at most `rows` lines; what matters least goes first when there is little room. */
export function layOut(scene: Scene, rows: number): Line[] {
  for (let events = MAX_EVENTS; events >= MIN_EVENTS; events--) {
    const lines = compose(scene, events, true);
    if (lines.length <= rows) return lines;
  }
  const dense = withoutGaps(compose(scene, MIN_EVENTS, true));
  if (dense.length <= rows) return dense;
  return withoutGaps(compose(scene, MIN_EVENTS, false)).slice(0, rows);
}

function withoutGaps(lines: readonly Line[]): Line[] {
  return lines.filter((line) => line !== EMPTY);
}

function compose(scene: Scene, events: number, links: boolean): Line[] {
  return [
    title(scene),
    EMPTY,
    ...paths(scene),
    EMPTY,
    ...providers(scene),
    EMPTY,
    ...(links ? [...look(scene), EMPTY] : []),
    ...happened(scene, events),
    EMPTY,
    ...next(scene),
  ];
}

function title({ seconds }: Scene): Line {
  return [
    span(' Weft', 'bold'),
    span('  a consumer calls com.demo.Echo:1.0 of its providers'),
    span(`  ${duration(seconds)}`, 'dim'),
  ];
}

function paths({ mesh, direct, directTo }: Scene): Line[] {
  return [
    [span(' calls                  calls/s    success       p50       p99   failed of all', 'dim')],
    pathLine('through two sidecars', mesh, 'bold'),
    pathLine(`without, to ${directTo}`, direct),
    [
      span(' the sidecars add'.padEnd(43), 'dim'),
      span(added(mesh.p50, direct.p50).padStart(10), 'dim'),
      span(added(mesh.p99, direct.p99).padStart(10), 'dim'),
    ],
  ];
}

/** How much longer it takes, with its sign. */
function added(after: number | undefined, before: number | undefined): string {
  if (after === undefined || before === undefined) return '–';
  return `${after < before ? '−' : '+'}${millis(Math.abs(after - before))}`;
}

function pathLine(name: string, path: PathView, style?: Style): Line {
  const good = path.success === undefined ? undefined : path.success === 1 ? 'green' : 'red';
  return [
    span(` ${name}`.padEnd(25) + count(Math.round(path.perSecond)).padStart(7), style),
    span(percent(path.success).padStart(11), good),
    span(millis(path.p50).padStart(10) + millis(path.p99).padStart(10), style),
    span(`   ${count(path.failures)} of ${count(path.calls)}`, path.failures > 0 ? 'red' : style),
  ];
}

function providers({ providers: rows }: Scene): Line[] {
  return [
    [span(' provider      its sidecar      calls/s    calls  state', 'dim')],
    ...rows.map((row): Line => {
      const { text, style, mark } = stateOf(row);
      return [
        span(` ${mark} `, style),
        span(row.name.padEnd(12) + row.address.padEnd(16)),
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

function look({ links }: Scene): Line[] {
  return [
    [span(' look inside', 'dim')],
    ...links.map(({ name, url }): Line => [span(` ${name.padEnd(23)}`), span(url, 'cyan')]),
  ];
}

function happened({ events }: Scene, most: number): Line[] {
  const last = events.slice(-most);
  return [
    [span(' what happened', 'dim')],
    ...(last.length === 0 ? [[span('              nothing yet', 'dim')]] : []),
    ...last.map(({ seconds, text }): Line => [span(duration(seconds).padStart(12), 'dim'), span(`  ${text}`)]),
  ];
}

function next({ hint, keys }: Scene): Line[] {
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- it belongs to this text alone
  const key = (name: string, what: string): Span[] => [span(` [${name}]`, 'bold'), span(` ${what} `)];
  const bar: Line = keys
    ? [...key('a', 'add a provider'), ...key('k', 'kill one'), ...key('s', 'stop one gracefully'), ...key('q', 'quit')]
    : [span(' Ctrl-C ends it', 'dim')];
  return [[span(` ${hint}`, 'yellow')], bar];
}

/** A scene in one line, for where nothing can be drawn over. */
export function oneLine({ seconds, mesh, direct, providers: rows }: Scene): string {
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- it belongs to this text alone
  const path = (name: string, { perSecond, success, p50, p99, failures }: PathView): string =>
    `${name} ${count(Math.round(perSecond))}/s ${percent(success)} p50 ${millis(p50)} p99 ${millis(p99)} failed ${count(failures)}`;
  const ready = rows.filter((row) => row.phase === 'running' && row.endpoint?.usable === true);
  return `${duration(seconds).padStart(6)}  ${path('sidecars', mesh)} | ${path('direct', direct)} | ${ready.length} ready`;
}
