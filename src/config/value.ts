/**
 * What the parser of one value answers. The message says what was found and what was expected,
 * with an example; the hint is the next step. Neither may hold a secret.
 */
export type Parsed<T> = { readonly ok: true; readonly value: T } | Refused;

export interface Refused {
  readonly ok: false;
  readonly message: string;
  readonly hint?: string;
}

export function accept<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function refuse(message: string, hint?: string): Refused {
  return hint === undefined ? { ok: false, message } : { ok: false, message, hint };
}

const MAX_SHOWN = 60;

/** A value from a file, in a form that is safe in one line of a terminal. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty text' : quote(value);
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return `${value}`;
  return kindOf(value);
}

/** What a value is, without showing it. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'a text';
  if (typeof value === 'boolean') return 'a boolean';
  return typeof value === 'number' || typeof value === 'bigint' ? 'a number' : 'an object';
}

export function quote(text: string): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  // Control and format characters could rewrite the reader's terminal or reorder the line.
  return `'${shown.replace(/[\p{C}\u2028\u2029]/gu, escapeCharacter)}'`;
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
}

/** For `key:` with nothing behind it. */
export function emptyHint(value: unknown): string | undefined {
  return value === null ? 'give it a value, or remove the key' : undefined;
}
