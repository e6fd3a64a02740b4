import { nearest } from '../config/nearest.ts';
import { quote } from '../config/value.ts';
import { UsageError, type CliIo, type Command } from './command.ts';
import { readVersion } from './version.ts';

/** A command in the list; the rest of it is loaded when it is asked for. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'proxy', summary: 'Run the sidecar', load: () => import('./proxy.ts') },
  { name: 'control', summary: 'Run the control plane with the embedded registry', load: () => import('./control.ts') },
  { name: 'validate', summary: 'Check config files and list every error', load: () => import('./validate.ts') },
  { name: 'demo', summary: 'Run a whole mesh on this machine and watch it', load: () => import('./demo.ts') },
];

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs `weft ARGS…`. Resolves with the exit code; never rejects. */
export async function main(
  args: readonly string[],
  io: CliIo,
  commands: readonly CommandEntry[] = COMMANDS,
): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined) {
    io.stderr(overview(commands));
    return EXIT_USAGE;
  }
  if (first === '--version' || first === '-V' || first === 'version') {
    io.stdout(`weft ${await readVersion()}\n`);
    return 0;
  }
  if (isHelp(first) || first === 'help') {
    const topic = rest.find((argument) => !argument.startsWith('-'));
    if (topic !== undefined) return showHelp(topic, io, commands);
    io.stdout(overview(commands));
    return 0;
  }
  if (first.startsWith('-')) return usage(io, `unknown option ${first}`, 'weft --help');
  // What follows `--` belongs to the command, also when it looks like a question for help.
  const asked = rest.slice(0, rest.includes('--') ? rest.indexOf('--') : undefined).some(isHelp);
  return asked ? showHelp(first, io, commands) : runCommand(first, rest, io, commands);
}

async function runCommand(
  name: string,
  args: readonly string[],
  io: CliIo,
  commands: readonly CommandEntry[],
): Promise<number> {
  const entry = commands.find((one) => one.name === name);
  if (entry === undefined) return unknownCommand(name, io, commands);
  try {
    const { command } = await entry.load();
    return await command.run(args, io);
  } catch (error) {
    if (error instanceof UsageError) return usage(io, `${name}: ${error.message}`, `weft ${name} --help`);
    io.stderr(`weft ${name}: ${describe(error, io)}\n`);
    return EXIT_FAILED;
  }
}

async function showHelp(name: string, io: CliIo, commands: readonly CommandEntry[]): Promise<number> {
  const entry = commands.find((one) => one.name === name);
  if (entry === undefined) return unknownCommand(name, io, commands);
  const { command } = await entry.load();
  io.stdout(command.help);
  return 0;
}

function unknownCommand(name: string, io: CliIo, commands: readonly CommandEntry[]): number {
  const names = commands.map((entry) => entry.name);
  const near = nearest(name, [...names, 'help', 'version']);
  const next = near === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${near}?`;
  return usage(io, `unknown command ${quote(name)}; ${next}`, 'weft --help');
}

function usage(io: CliIo, message: string, help: string): number {
  io.stderr(`weft: ${message}\nSee ${help}.\n`);
  return EXIT_USAGE;
}

/** A stack helps who develops weft, not who runs it. */
function describe(error: unknown, io: CliIo): string {
  if (!(error instanceof Error)) return String(error);
  return io.env['WEFT_DEBUG'] === undefined ? error.message : (error.stack ?? error.message);
}

function isHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h';
}

function overview(commands: readonly CommandEntry[]): string {
  const width = Math.max(...commands.map((entry) => entry.name.length)) + 2;
  const lines = commands.map((entry) => `  ${entry.name.padEnd(width)}${entry.summary}\n`);
  return `weft: a service mesh; one binary holds all of its parts.

Usage: weft COMMAND [OPTION…]

Commands:
${lines.join('')}
  weft COMMAND --help   what a command does, its options and examples
  weft --version        the version
`;
}

/** The real process. A reader that goes away (`weft … | head`) ends the output, not with a stack. */
function processIo(): CliIo {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    env: process.env,
    cwd: process.cwd(),
    isTty: process.stdout.isTTY,
    columns: process.stdout.columns ?? 80,
  };
}

// Only the exit code is set: output that is still on its way arrives, and handles close in order.
if (import.meta.main) process.exitCode = await main(process.argv.slice(2), processIo());
