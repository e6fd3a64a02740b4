import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GROUPS, SCENARIOS } from './scenarios.ts';

export type Options = {
  /** Names of scenarios. */
  only: string[];
  /** Names of targets; undefined: all. */
  targets: string[] | undefined;
  rounds: number;
  durationMs: number;
  warmUpMs: number;
  json: string | undefined;
  pin: boolean;
  strict: boolean;
  /** An entry to measure in place of this checkout's bundle. */
  weftEntry: string | undefined;
  /** Another checkout, measured beside this one. */
  compare: string | undefined;
  /** A scenario to profile in place of the measuring. */
  profile: string | undefined;
  micro: boolean;
  help: boolean;
};

export const HELP = `Usage: npm run bench -- [options]

Measures Weft's proxy end to end, turn by turn with others on the same work and with no proxy at
all. Bolt: HAProxy in TCP mode, which carries the same bytes, and a bare relay on node:net. HTTP:
HAProxy, nginx, nghttpx and Envoy. Prints medians over the rounds.

  --only NAME        only this scenario, or all of bolt or http; may be given again (or NAME,NAME)
  --targets A,B      only these: direct, relay, haproxy, nginx, nghttpx, envoy, weft, weft-x2
  --rounds N         rounds a scenario (default 3)
  --duration S       measured seconds of each target in a round (default 2)
  --warm-up S        load on each target in Node before the rounds (default 3; others at most 1)
  --quick            one round of 1 s after 1.5 s of warm-up: a first look, not a figure to quote
  --json FILE        writes all figures, each turn's too
  --pin              the proxy alone on CPU 0, load and echo server on the others (taskset)
  --strict           exit code 1 also when a wanted figure is missed
  --compare CHECKOUT measures the build of another checkout in the same rounds
  --weft-entry FILE  measures this entry in place of dist/weft.mjs
  --profile NAME     runs a scenario under V8's CPU profiler and lists where the time goes
  --micro            times the Bolt codec and routes alone, function by function
  --help             this text

Scenarios:
${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(18)} ${title}`).join('\n')}

The exit code is 1 when a request failed or came back with other bytes, whatever the speed.

Examples:
  npm run bench -- --quick
  npm run bench -- --only http --rounds 7
  npm run bench -- --only multiplexed,single --compare ../before --json figures.json
  npm run bench -- --profile multiplexed
`;

/** Throws with words for the user on anything that is not understood. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true },
      targets: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      duration: { type: 'string' },
      'warm-up': { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      pin: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      compare: { type: 'string' },
      'weft-entry': { type: 'string' },
      profile: { type: 'string' },
      micro: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const usual = values.quick ? QUICK : USUAL;
  return {
    only: scenarioNames(listed(values.only)),
    targets: values.targets === undefined ? undefined : listed(values.targets),
    rounds: between('--rounds', values.rounds, usual.rounds, 1, 100, Number.isInteger),
    durationMs: between('--duration', values.duration, usual.duration, 0.1, 60) * 1000,
    warmUpMs: between('--warm-up', values['warm-up'], usual.warmUp, 0, 60) * 1000,
    json: values.json,
    pin: values.pin,
    strict: values.strict,
    weftEntry: values['weft-entry'] === undefined ? undefined : resolve(values['weft-entry']),
    compare: values.compare === undefined ? undefined : resolve(values.compare),
    profile: values.profile,
    micro: values.micro,
    help: values.help,
  };
}

/** Seconds. V8 has optimized what a request runs through after about a second of load. */
const USUAL = { rounds: 3, duration: 2, warmUp: 3 };
const QUICK = { rounds: 1, duration: 1, warmUp: 1.5 };

function listed(values: readonly string[] | undefined): string[] {
  return (values ?? []).flatMap((value) => value.split(',')).map((name) => name.trim());
}

function scenarioNames(names: readonly string[]): string[] {
  const known = SCENARIOS.map(({ name }) => name);
  if (names.length === 0) return known;
  return names.flatMap((name) => {
    const group = GROUPS.get(name);
    if (group !== undefined) return group.map((scenario) => scenario.name);
    if (known.includes(name)) return [name];
    throw new Error(`no scenario "${name}"; there are: ${[...known, ...GROUPS.keys()].join(', ')}`);
  });
}

function between(
  option: string,
  text: string | undefined,
  usual: number,
  least: number,
  most: number,
  fits: (value: number) => boolean = Number.isFinite,
): number {
  if (text === undefined) return usual;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!fits(value) || value < least || value > most) {
    const kind = fits === Number.isInteger ? 'a whole number' : 'a number of seconds';
    throw new Error(`${option} must be ${kind} from ${least} to ${most}, not "${text}"`);
  }
  return value;
}
