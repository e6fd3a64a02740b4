import { parseListenAddress } from '../config/address.ts';
import { systemClock } from '../core/clock.ts';
import { startRegistryServer } from '../control/registry-server.ts';
import { createLogger, LOG_LEVELS } from '../telemetry/log.ts';
import type { LogFormat, LogLevel } from '../telemetry/log.ts';
import { UsageError, type CliIo, type Command } from './command.ts';
import { parseOptions } from './options.ts';

const DEFAULT_ADDRESS = '127.0.0.1:34920';

const HELP = `Usage: weft control [OPTION…]

Runs the control plane: for now the embedded registry, where sidecars with
\`registry: { type: embedded }\` publish and find services. It keeps nothing on disk: a
registration lives as long as the connection of its sidecar, and after a restart the
sidecars come back by themselves.

Options:
  --address HOST:PORT   where to listen (default ${DEFAULT_ADDRESS})
  --allow-remote        allow an address that other machines can reach; there is no
                        authentication yet, so only on a network that you trust
  --log-level LEVEL     ${LOG_LEVELS.join(', ')} (default info)
  --log-format FORMAT   text or json (default text)

Runs until SIGTERM or SIGINT, then exits with 0.

Examples:
  weft control
  curl -s http://${DEFAULT_ADDRESS}/services
`;

export const command: Command = {
  name: 'control',
  summary: 'Run the control plane with the embedded registry',
  help: HELP,
  run,
};

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseOptions(args, {
    address: { type: 'string' },
    'allow-remote': { type: 'boolean' },
    'log-level': { type: 'string' },
    'log-format': { type: 'string' },
  });
  if (positionals.length > 0) throw new UsageError(`takes no argument ${positionals[0]}; the address is --address`);
  const address = parseListenAddress(values.address ?? DEFAULT_ADDRESS);
  if (!address.ok) throw new UsageError(`--address: ${address.message}${address.hint ? `; ${address.hint}` : ''}`);
  const log = createLogger({
    control: { level: oneOf<LogLevel>('--log-level', LOG_LEVELS, values['log-level'] ?? 'info') },
    format: oneOf<LogFormat>('--log-format', ['text', 'json'], values['log-format'] ?? 'text'),
    write: (line) => io.stderr(line),
  });
  const server = await startRegistryServer({
    address: address.value,
    clock: systemClock,
    log,
    allowRemote: values['allow-remote'] === true,
  });
  log.info('stopping', { signal: await stopSignal() });
  await server.close();
  return 0;
}

function oneOf<T extends string>(option: string, allowed: readonly T[], value: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${option} is one of ${allowed.join(', ')}`);
  return found;
}

/** The first signal that asks this process to stop; a second one ends it at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
