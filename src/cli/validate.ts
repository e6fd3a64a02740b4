import { resolve } from 'node:path';
import { readTlsFiles } from '../app/tls-files.ts';
import { formatAddress } from '../config/address.ts';
import type { Config } from '../config/config.ts';
import type { CheckTls } from '../config/file-check.ts';
import type { Issue } from '../config/issue.ts';
import { loadConfig } from '../config/load.ts';
import { systemClock } from '../core/clock.ts';
import { UsageError, type CliIo, type Command } from './command.ts';
import { issueText } from './issue-text.ts';
import { parseOptions } from './options.ts';

const HELP = `Usage: weft validate [OPTION…] FILE…

Checks config files of \`weft proxy\` and lists every error with its place, the reason
and what to write instead. Files that a config names (certificates and keys) are opened,
as \`weft proxy\` does at its start. Nothing is started. Warnings, such as of a certificate
that has expired, do not make a file invalid.

Options:
  --json       print one JSON object, for tools
  --no-files   do not open what a config names, for configs of another machine

Exit code: 0 when all files are valid, 1 when one is not, 2 for wrong arguments.

Examples:
  weft validate weft.yaml
  weft validate --json examples/config/*.yaml
  weft validate --no-files weft.yaml
`;

export const command: Command = {
  name: 'validate',
  summary: 'Check config files and list every error',
  help: HELP,
  run: async (args, io) => {
    const { values, positionals } = parseOptions(args, { json: { type: 'boolean' }, 'no-files': { type: 'boolean' } });
    if (positionals.length === 0) throw new UsageError('name at least one FILE');
    const reports: Report[] = [];
    for (const file of positionals) reports.push(await check(resolve(io.cwd, file), file, values['no-files'] !== true));
    if (values.json === true) io.stdout(`${JSON.stringify(toJson(reports), null, 2)}\n`);
    else printReports(reports, io);
    return reports.every((report) => report.ok) ? 0 : 1;
  },
};

/** What is known about one file, named as the caller named it. */
interface Report {
  readonly file: string;
  readonly ok: boolean;
  readonly errors: readonly Issue[];
  readonly warnings: readonly Issue[];
  /** What a valid file defines, in one line. */
  readonly defines?: string;
}

const checkTls: CheckTls = (files) => readTlsFiles(files, systemClock.wall()).faults;

async function check(path: string, file: string, openFiles: boolean): Promise<Report> {
  const result = await loadConfig(path, openFiles ? { checkTls } : {});
  if (!result.ok) return { file, ok: false, errors: result.issues, warnings: result.warnings ?? [] };
  return { file, ok: true, errors: [], warnings: result.warnings, defines: describe(result.config) };
}

function describe(config: Config): string {
  const listeners = config.listeners.map(({ name, address }) => `${name} ${formatAddress(address)}`);
  const parts = [
    `node ${config.node.id}`,
    listeners.length === 0 ? 'no listeners' : `${plural(listeners.length, 'listener')} (${listeners.join(', ')})`,
    config.clusters.length === 0 ? 'no static clusters' : plural(config.clusters.length, 'static cluster'),
    config.registry === undefined ? 'no registry' : `registry ${config.registry.type}`,
  ];
  return parts.join(', ');
}

/** Errors go to standard output too: they are what was asked for. */
function printReports(reports: readonly Report[], io: CliIo): void {
  for (const { file, ok, errors, warnings, defines } of reports) {
    for (const issue of errors) io.stdout(issueText(file, issue, ''));
    for (const issue of warnings) io.stdout(issueText(file, issue, 'warning: '));
    if (ok) io.stdout(`${file}: ok: ${defines ?? ''}\n`);
  }
  const failed = reports.filter((report) => !report.ok);
  const errors = failed.reduce((sum, report) => sum + report.errors.length, 0);
  if (failed.length > 0) {
    const where = reports.length === 1 ? '' : ` in ${failed.length} of ${plural(reports.length, 'file')}`;
    io.stdout(`${plural(errors, 'error')}${where}\n`);
  } else if (reports.length > 1) {
    io.stdout(`all ${reports.length} files are valid\n`);
  }
}

function toJson(reports: readonly Report[]): unknown {
  return { ok: reports.every((report) => report.ok), files: reports };
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
