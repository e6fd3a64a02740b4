import type { Issue } from '../config/issue.ts';

/** One issue of a file as a terminal shows it: `file:line:col path: message`, and a hint below. */
export function issueText(file: string, issue: Issue, kind: string): string {
  const place = issue.line === undefined ? file : `${file}:${issue.line}:${issue.column ?? 1}`;
  const path = issue.path === '' ? '' : `${issue.path}: `;
  const hint = issue.hint === undefined ? '' : `  hint: ${issue.hint}\n`;
  // Without a path the message follows a colon of its own.
  return `${place}${path === '' ? ':' : ''} ${kind}${path}${issue.message}\n${hint}`;
}
