import { dirname, resolve } from 'node:path';
import { safeParse } from 'valibot';
import { completeConfig, firstIpv4 } from './complete.ts';
import type { Config } from './config.ts';
import { crossCheck } from './cross-check.ts';
import { checkFiles, type CheckTls } from './file-check.ts';
import { finding, toIssues, type Finding, type Issue, type Path } from './issue.ts';
import { splitHint } from './leaf.ts';
import type { RegexProblem } from './route-check.ts';
import { configSchema } from './schema.ts';
import { asMeant, structureFindings } from './structure.ts';
import { readTree, type Tree } from './tree.ts';
import { isRecord, kindOf } from './value.ts';

export type LoadResult = Accepted | Refusal;

export interface Accepted {
  readonly ok: true;
  readonly config: Config;
  readonly warnings: readonly Issue[];
}

export interface Refusal {
  readonly ok: false;
  /** At least one. */
  readonly issues: readonly Issue[];
  /** Of the files that it names. Oddities of the text itself may come of its errors, and wait until those are gone. */
  readonly warnings?: readonly Issue[];
}

export interface ParseOptions {
  /** Where the text comes from; relative paths in it start from its folder. */
  readonly file: string;
  /** The address to publish for wildcard listeners. Default: this machine's first IPv4 address. */
  readonly localAddress?: () => string;
  /** What judges regular expressions; without it a file may hold none. `checkConfigText` provides it. */
  readonly regexProblem?: RegexProblem;
  /** Opens the files that the text names; without it they are not looked at. */
  readonly checkTls?: CheckTls;
}

const SMALLEST = 'the least that is needed is node: { id: my-proxy }';

/** Reads YAML or JSON. Never throws: every error is listed, sorted by its place in the text. */
export function parseConfig(text: string, options: ParseOptions): LoadResult {
  return judgeTree(readTree(text), options);
}

/** As `parseConfig`, of a text that has been taken apart. */
export function judgeTree(tree: Tree, options: ParseOptions): LoadResult {
  if (!tree.ok) return tree;
  if (tree.value === null || tree.value === undefined) return failed('the file is empty', SMALLEST);
  if (!isRecord(tree.value)) return failed(`expected keys with values, found ${kindOf(tree.value)}`, SMALLEST);

  const parsed = safeParse(configSchema, asMeant(configSchema, tree.value));
  const structure = structureFindings(configSchema, tree.value);
  const { errors, warnings } = crossCheck(tree.value, options.regexProblem ?? noRegex);
  const files = checkFiles(tree.value, dirname(resolve(options.file)), options.checkTls ?? (() => []));
  const findings = [...structure, ...valueFindings(parsed.issues ?? []), ...errors, ...files.errors];
  if (findings.length > 0 || !parsed.success) {
    return {
      ok: false,
      issues: toIssues(findings, tree.locate),
      ...(files.warnings.length > 0 && { warnings: toIssues(files.warnings, tree.locate) }),
    };
  }

  const localAddress = options.localAddress ?? firstIpv4;
  const config = completeConfig(parsed.output, { file: options.file, localAddress });
  return { ok: true, config, warnings: toIssues([...warnings, ...files.warnings], tree.locate) };
}

const noRegex: RegexProblem = () => 'there is nothing here to judge it';

function failed(message: string, hint: string): LoadResult {
  return { ok: false, issues: [{ path: '', message, hint }] };
}

interface ValueIssue {
  readonly type: string;
  readonly message: string;
  readonly path?: readonly { readonly key: unknown }[] | undefined;
}

/** What the parsers of single values refused; the shape around them is judged in structure.ts. */
function valueFindings(issues: readonly ValueIssue[]): Finding[] {
  return issues
    .filter((issue) => issue.type === 'raw_transform')
    .map((issue) => finding((issue.path ?? []).map(({ key }) => key) as Path, ...splitHint(issue.message)));
}
