import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, YAMLError } from 'yaml';
import type { Issue, Locate, Path, Place } from './issue.ts';

/** The plain value of a YAML or JSON text, and where in the text each part of it stands. */
export type Tree =
  | { readonly ok: true; readonly value: unknown; readonly locate: Locate }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Enough for people, and too few to exhaust memory: the copies that aliases make of one anchor. */
const MAX_COPIES = 100;
/** The library looks for the anchor of each alias in the whole file. */
const MAX_ALIASES = 1000;

/** One slip makes many syntax errors; the first few tell where it is. */
const MAX_SYNTAX_ISSUES = 20;

/** Never hands on what the library says about a token: it may quote a secret from the file. */
const SYNTAX: Readonly<Record<string, readonly [message: string, hint?: string]>> = {
  BAD_ALIAS: ['this alias names no anchor before it', 'text that begins with * needs quotes'],
  BAD_DIRECTIVE: ['this directive is not known', 'text that begins with % needs quotes'],
  BAD_DQ_ESCAPE: [
    'this escape sequence is not valid in double quotes',
    'use single quotes, or write \\\\ for a backslash',
  ],
  BAD_INDENT: [
    'the indentation does not fit the lines around it, or a bracket is not closed',
    'keys of one section begin in the same column',
  ],
  BAD_SCALAR_START: ['text cannot begin with this character', 'put it in quotes'],
  BLOCK_AS_IMPLICIT_KEY: ['a key and its value do not fit here', 'text with ": " in it needs quotes'],
  BLOCK_IN_FLOW: ['lines with dashes or indented keys cannot stand inside { } or [ ]'],
  DUPLICATE_KEY: ['this key stands twice in its section', 'keep one of them'],
  MISSING_CHAR: ['a comma, a quote, a bracket or a space after a colon is missing here or just before'],
  MULTILINE_IMPLICIT_KEY: [
    'a key must end with a colon on its own line',
    'a colon is missing, here or on the next line',
  ],
  MULTIPLE_DOCS: ['the file holds more than one document', 'remove what follows the line ---'],
  NON_STRING_KEY: ['a key must be a plain text'],
  RESOURCE_EXHAUSTION: ['sections are nested too deeply', 'check the brackets'],
  TAB_AS_INDENT: ['tabs cannot indent', 'use spaces'],
  TAG_RESOLVE_FAILED: ['tags (texts that begin with !) are not used here', 'put the text in quotes'],
  UNEXPECTED_TOKEN: ['this does not belong here', 'text with { } [ ] , # or ": " in it needs quotes'],
};
const OTHER_SYNTAX: readonly [message: string, hint?: string] = ['the text cannot be read as YAML here'];

export function readTree(text: string): Tree {
  const lines = new LineCounter();
  try {
    return readDocument(text, lines);
  } catch (error) {
    const tooDeep = error instanceof RangeError;
    const message = tooDeep ? 'the file is nested too deeply' : 'aliases repeat too much of the file';
    return { ok: false, issues: [{ path: '', message, hint: 'write it out plainly' }] };
  }
}

function readDocument(text: string, lines: LineCounter): Tree {
  const document = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    // Not silent: that would also hide a second document. Only errors, and they are not printed.
    logLevel: 'error',
  });
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0) return { ok: false, issues: syntaxIssues(errors, lines) };
  const aliases = aliasIssues(document, lines);
  if (aliases.length > 0) return { ok: false, issues: aliases };
  const value: unknown = document.toJS({ maxAliasCount: MAX_COPIES });
  return { ok: true, value, locate: (path, at) => locateNode(document, lines, path, at) };
}

function syntaxIssues(errors: readonly YAMLError[], lines: LineCounter): Issue[] {
  const issues = new Map<string, Issue>();
  for (const error of errors) {
    const issue = syntaxIssue(error.code, placeOf(lines, error.pos[0]));
    issues.set(`${issue.line}:${issue.column} ${issue.message}`, issue);
    if (issues.size === MAX_SYNTAX_ISSUES) break;
  }
  return [...issues.values()];
}

function syntaxIssue(code: string, place: Place): Issue {
  const [message, hint] = SYNTAX[code] ?? OTHER_SYNTAX;
  return { path: '', ...place, message, ...(hint === undefined ? {} : { hint }) };
}

/** The parser accepts aliases to anchors that are nowhere; resolving them would throw. */
function aliasIssues(document: Document, lines: LineCounter): Issue[] {
  const anchors = new Set<string>();
  const issues: Issue[] = [];
  let count = 0;
  visit(document, {
    Node: (_key, node) => {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor);
        return undefined;
      }
      count++;
      const place = placeOf(lines, node.range?.[0] ?? 0);
      if (!anchors.has(node.source) && issues.length < MAX_SYNTAX_ISSUES) issues.push(syntaxIssue('BAD_ALIAS', place));
      return count > MAX_ALIASES ? visit.BREAK : undefined;
    },
  });
  if (count > MAX_ALIASES)
    issues.push({ path: '', message: 'the file holds too many aliases', hint: 'write it out plainly' });
  return issues;
}

/** The key or value at `path`, or the nearest thing around it that stands in the text. */
function locateNode(document: Document, lines: LineCounter, path: Path, at: 'key' | 'value'): Place | undefined {
  let node = resolve(document, document.contents);
  let offset = isNode(document.contents) ? document.contents.range?.[0] : undefined;
  for (const [index, key] of path.entries()) {
    const step = child(document, node, key);
    if (step === undefined) break;
    const useKey = at === 'key' && index === path.length - 1;
    offset = (useKey ? step.keyOffset : undefined) ?? step.valueOffset ?? step.keyOffset ?? offset;
    node = step.node;
  }
  return offset === undefined ? undefined : placeOf(lines, offset);
}

interface Step {
  readonly node: unknown;
  readonly keyOffset: number | undefined;
  readonly valueOffset: number | undefined;
}

function child(document: Document, parent: unknown, key: string | number): Step | undefined {
  if (isSeq(parent) && typeof key === 'number') {
    const item = parent.items[key];
    return { node: resolve(document, item), keyOffset: undefined, valueOffset: offsetOf(item) };
  }
  if (!isMap(parent)) return undefined;
  for (const pair of parent.items) {
    if (!isScalar(pair.key) || String(pair.key.value) !== key) continue;
    return { node: resolve(document, pair.value), keyOffset: offsetOf(pair.key), valueOffset: offsetOf(pair.value) };
  }
  return undefined;
}

function resolve(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function offsetOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

function placeOf(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}
