import { emitKeypressEvents } from 'node:readline';
import { UsageError } from './command.ts';
import type { CliIo, Command } from './command.ts';
import { LiveShow } from './demo/live-show.ts';
import { PlainShow } from './demo/plain-show.ts';
import { DemoRun } from './demo/run.ts';
import { parseOptions } from './options.ts';

const DEFAULT_RATE = 200;
const MAX_RATE = 5_000;

const HELP = `Usage: weft demo [OPTION…]

Runs a whole mesh on this machine and shows how it fares: the embedded registry, a provider of
SOFARPC (npm's sofa-rpc-node), one of HTTP, one of gRPC and a consumer, each with its sidecar.
The consumer calls all three through one port of its sidecar, and that of SOFARPC without
sidecars, too. Everything listens on 127.0.0.1, on ports that are free, and ends with the demo.

Keys:
  a        another provider of SOFARPC appears, with its sidecar
  k        the oldest one is killed (SIGKILL)
  s        the newest one is stopped gracefully
  q        quit, as Ctrl-C does

Options:
  --rate N      calls a second, of each kind (default ${DEFAULT_RATE}, at most ${MAX_RATE})
  --seconds N   end after N seconds, with exit code 1 when a call through the sidecars failed
  --tour        do by itself what the keys do; so it is without a terminal
  --plain       print lines instead of drawing a table; so it is without a terminal

Examples:
  weft demo
  weft demo --tour --seconds 20
`;

export const command: Command = {
  name: 'demo',
  summary: 'Run a whole mesh on this machine and watch it',
  help: HELP,
  run,
};

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    rate: { type: 'string' },
    seconds: { type: 'string' },
    tour: { type: 'boolean' },
    plain: { type: 'boolean' },
  });
  if (positionals.length > 0) throw new UsageError(`takes no argument ${positionals[0]}`);
  const rate = values.rate === undefined ? DEFAULT_RATE : numberOf('--rate', values.rate, MAX_RATE);
  const seconds = values.seconds === undefined ? undefined : numberOf('--seconds', values.seconds, 86_400);
  // A dumb terminal shows the sequences that move its cursor as text.
  const live = io.isTty && values.plain !== true && io.env['TERM'] !== 'dumb';
  const keyboard = live && process.stdin.isTTY;
  const colors = live && !io.env['NO_COLOR'];
  const terminal = {
    get columns() {
      return process.stdout.columns ?? io.columns;
    },
    get rows() {
      return process.stdout.rows ?? 24;
    },
    write: (text: string) => io.stdout(text),
  };
  const show = live ? new LiveShow(terminal, colors) : new PlainShow((text) => io.stdout(text));
  const listen = keyboard ? listenToKeys : undefined;
  const demo = new DemoRun({ rate, seconds, tour: values.tour === true || !keyboard, listen }, show);
  const { failed } = await withSignals(
    () => demo.end(),
    () => demo.run(),
  );
  // Who ends it by hand may have made calls fail on purpose.
  return failed && seconds !== undefined ? 1 : 0;
}

function numberOf(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > most) {
    throw new UsageError(`${option} is a number above 0 and at most ${most}`);
  }
  return value;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `work`; the first signal meanwhile asks it to end, the second ends this process at once. */
async function withSignals<T>(end: () => void, work: () => Promise<T>): Promise<T> {
  let asked = false;
  const onSignal = (): void => {
    if (asked) process.exit(130);
    asked = true;
    end();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work();
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

/** Hears single keys, Ctrl-C ('\x03') among them. An arrow key, which sends several characters, is one key. */
function listenToKeys(onKey: (key: string) => void): () => void {
  const { stdin } = process;
  const onKeypress = (_: string | undefined, { sequence }: { sequence: string }): void => {
    onKey(sequence.toLowerCase());
  };
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.on('keypress', onKeypress);
  return () => {
    stdin.off('keypress', onKeypress);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
