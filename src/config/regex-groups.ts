/** The groups that a regular expression captures. */
export interface RegexGroups {
  readonly count: number;
  readonly names: ReadonlySet<string>;
}

/** Of RE2's syntax: text between \Q and \E, one escaped character, a class, and what opens a group that captures. */
const TOKEN =
  /\\Q[^]*?(?:\\E|$)|\\[^]|\[\^?\]?(?:\[:\^?\w+:\]|\\[^]|[^\]\\])*\]|\(\?P?<(?<name>\w+)>|(?<open>\((?!\?))/g;

/**
 * Counted off the text, so that a config without regular expressions loads nothing that knows them.
 *
 * @param pattern what RE2 can compile
 */
export function groupsOf(pattern: string): RegexGroups {
  let count = 0;
  const names = new Set<string>();
  for (const { groups = {} } of pattern.matchAll(TOKEN)) {
    const { name, open } = groups;
    if (name !== undefined) names.add(name);
    if (name !== undefined || open !== undefined) count++;
  }
  return { count, names };
}

const REFERENCE = /\$(?:\$|(?<first>\d)(?<second>\d?)|<(?<name>[^>]*)>)/g;

/** What of a replacement, such as `$2` or `$<id>`, names a group that there is not. `$1y` is group 1 and then y. */
export function missingGroups(replacement: string, { count, names }: RegexGroups): string[] {
  const missing: string[] = [];
  for (const { 0: text, groups = {} } of replacement.matchAll(REFERENCE)) {
    const { first, second = '', name } = groups;
    if (name !== undefined && !names.has(name)) missing.push(text);
    if (first === undefined) continue;
    // With fewer groups than that the second digit is text.
    const index = second !== '' && Number(first + second) <= count ? Number(first + second) : Number(first);
    if (index < 1 || index > count) missing.push(`$${first}${second}`);
  }
  return missing;
}
