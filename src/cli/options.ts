import { parseArgs } from 'node:util';
import { nearest } from '../config/nearest.ts';
import { quote } from '../config/value.ts';
import { UsageError } from './command.ts';

/** One option of a command: `--json` takes no value, `--config FILE` takes one. */
export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  /** One letter: `c` for `-c`. */
  readonly short?: string;
}

type OptionValue<T extends OptionSpec> = T['type'] extends 'boolean' ? boolean : string;

export interface ParsedOptions<T extends Readonly<Record<string, OptionSpec>>> {
  /** Options that were not given are undefined. */
  readonly values: { readonly [K in keyof T]: OptionValue<T[K]> | undefined };
  readonly positionals: readonly string[];
}

/**
 * Reads the arguments of a command. Throws a UsageError that names the nearest option when one
 * is unknown, and for a second value of an option: who writes two means both.
 */
export function parseOptions<const T extends Readonly<Record<string, OptionSpec>>>(
  args: readonly string[],
  specs: T,
): ParsedOptions<T> {
  // Not strict: the library's own errors do not say which option was meant.
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: specs,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | boolean> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const value = optionValue(specs, token);
    const before = values[token.name];
    if (typeof value === 'string' && typeof before === 'string') {
      throw new UsageError(`${token.rawName} is given twice, with ${quote(before)} and ${quote(value)}`);
    }
    values[token.name] = value;
  }
  return { values: values as ParsedOptions<T>['values'], positionals };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function optionValue(specs: Readonly<Record<string, OptionSpec>>, token: OptionToken): string | boolean {
  const { name, rawName, value } = token;
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) throw new UsageError(unknownOption(specs, rawName));
  if (spec.type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
    return true;
  }
  // `--config --json`: the next option is not the value that was forgotten.
  const forgotten = value === undefined || value === '' || (token.inlineValue === false && value.startsWith('-'));
  if (forgotten)
    throw new UsageError(`${rawName} needs a value; to give one that begins with a dash, write --${name}=VALUE`);
  // `-c=x`: the library takes the sign for the beginning of the value.
  if (rawName === `-${spec.short}` && token.inlineValue === true && value.startsWith('=')) {
    throw new UsageError(`${rawName} takes its value without a sign; write --${name}${value}`);
  }
  return value;
}

function unknownOption(specs: Readonly<Record<string, OptionSpec>>, rawName: string): string {
  const near = nearest(rawName.replace(/^-+/, ''), [...Object.keys(specs), 'help']);
  return `unknown option ${rawName}${near === undefined ? '' : `; did you mean --${near}?`}`;
}
