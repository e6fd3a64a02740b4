import { RE2JS } from 're2js';

/**
 * Regular expressions that take time linear in the text, whatever the pattern (RE2's syntax and
 * semantics). Only its types are imported statically: a sidecar without such a route does not load it.
 */

export interface Regex {
  /** Whether the whole text matches. */
  matches(text: string): boolean;
  /** Replaces every match; `$1` and `$<name>` in `replacement` are groups, `$$` is a dollar sign. */
  replaceAll(text: string, replacement: string): string;
}

export type CompileRegex = (pattern: string) => Regex;

/** @throws when `pattern` is not RE2's syntax; `regexProblem` tells beforehand. */
export function compileRegex(pattern: string): Regex {
  const compiled = RE2JS.compile(pattern);
  return {
    matches: (text) => compiled.matches(text),
    replaceAll: (text, replacement) => compiled.matcher(text).replaceAll(replacement),
  };
}

/** Why `pattern` cannot be compiled; undefined when it can. */
export function regexProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^error parsing regexp: /, '');
  }
}
