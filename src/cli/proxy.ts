import * as path from 'node:path';
import { ConfigReload } from '../app/config-reload.ts';
import { Sidecar } from '../app/sidecar.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { createLogger, type LogControl } from '../telemetry/log.ts';
import { UsageError, type CliIo, type Command } from './command.ts';
import { issueText } from './issue-text.ts';
import { parseOptions } from './options.ts';
import { readVersion } from './version.ts';

const HELP = `Usage: weft proxy -c FILE

Runs the sidecar that FILE describes: it takes the app's calls and the calls to it.

Options:
  -c, --config FILE   YAML or JSON; \`weft validate FILE\` checks it, and the files that it
                      names, without starting

Signals:
  SIGHUP            read FILE again (it is also read when it changes); a bad file changes nothing
  SIGTERM, SIGINT   take publications back, tell callers, finish what is under way, exit 0
  a second one      stop at once, exit 1

Examples:
  weft proxy -c weft.yaml
  weft proxy --config examples/config/consumer.yaml
`;

export const command: Command = { name: 'proxy', summary: 'Run the sidecar', help: HELP, run };

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseOptions(args, { config: { type: 'string', short: 'c' } });
  if (positionals.length > 0) throw new UsageError(`takes no argument ${positionals[0]}; the file is --config FILE`);
  if (values.config === undefined) throw new UsageError('name the config with -c FILE');
  const file = path.resolve(io.cwd, values.config);
  const result = await loadConfig(file);
  if (!result.ok) {
    for (const issue of result.issues) io.stderr(issueText(values.config, issue, ''));
    io.stderr(`weft proxy: ${values.config} is not a valid config; see docs/config.md\n`);
    return 1;
  }
  const { config, warnings, text } = result;
  const logControl: LogControl = { level: config.log.level };
  const log = createLogger({ control: logControl, format: config.log.format, write: (line) => io.stderr(line) });
  for (const warning of warnings) log.warn('config warning', { path: warning.path, reason: warning.message });
  const sidecar = new Sidecar(config, { file, version: await readVersion(), log, logControl });
  // Before anything is started: a signal that finds no handler ends the process on the spot.
  using signals = new StopSignals();
  const started = sidecar.start().then(() => new ConfigReload(sidecar, { file, text, clock: systemClock, log }));
  // One that comes during the start is carried out after it; a start that fails ends the process anyway.
  const onHangup = (): void => {
    started.then(
      (reload) => reload.now(),
      () => undefined,
    );
  };
  process.on('SIGHUP', onHangup);
  try {
    const reload = await started;
    log.info('stopping', { signal: await signals.first });
    await reload.close();
    await sidecar.stop();
  } finally {
    process.off('SIGHUP', onHangup);
  }
  return 0;
}

/** Signals that ask this process to stop, heard until disposed of; after that one ends it on the spot again. */
class StopSignals implements Disposable {
  /** The next one ends the process at once. */
  readonly first: Promise<NodeJS.Signals>;
  readonly #onSignal: (signal: NodeJS.Signals) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
    let stopping = false;
    this.first = promise;
    this.#onSignal = (signal) => {
      if (stopping) process.exit(1);
      stopping = true;
      resolve(signal);
    };
    process.on('SIGTERM', this.#onSignal);
    process.on('SIGINT', this.#onSignal);
  }

  [Symbol.dispose](): void {
    process.off('SIGTERM', this.#onSignal);
    process.off('SIGINT', this.#onSignal);
  }
}
