import { quote } from './value.ts';

/** One thing that is wrong with a config file, told to the person who wrote it. */
export interface Issue {
  /** `listeners[0].limits.maxFrame`; empty for the file as a whole. */
  readonly path: string;
  /** From 1. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** What is wrong and why. Never holds a secret. */
  readonly message: string;
  /** The nearest valid key, the allowed values, or the next step. */
  readonly hint?: string;
}

export type Path = readonly (string | number)[];

/** An issue before its place in the file is known. */
export interface Finding {
  readonly path: Path;
  /** Whether the key itself is wrong, or its value. */
  readonly at: 'key' | 'value';
  readonly message: string;
  readonly hint?: string;
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Locate = (path: Path, at: 'key' | 'value') => Place | undefined;

export function finding(path: Path, message: string, hint?: string, at: 'key' | 'value' = 'value'): Finding {
  return hint === undefined ? { path, at, message } : { path, at, message, hint };
}

/** Gives findings their place in the file and sorts them by it. */
export function toIssues(findings: readonly Finding[], locate: Locate): Issue[] {
  const issues = findings.map(({ path, at, message, hint }): Issue => {
    const place = locate(path, at);
    return { path: formatPath(path), ...place, message, ...(hint === undefined ? {} : { hint }) };
  });
  return issues.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

export function formatPath(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (!/^[\w-]+$/.test(key)) text += `[${quote(key)}]`;
    else text += text === '' ? key : `.${key}`;
  }
  return text;
}
