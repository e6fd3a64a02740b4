import { barePrefix } from './path-tree.ts';
import type { CompileRegex } from './regex.ts';

interface PathChange {
  readonly path?: string;
  readonly prefix?: string;
  readonly regex?: { readonly pattern: string; readonly replacement: string };
}

/**
 * What makes another path of a path with its query. The query stays, and so does what is no path:
 * `*` of OPTIONS and '' of CONNECT.
 *
 * @param matched the prefix that a path has when it is changed
 * @returns undefined when nothing changes
 */
export function compilePathChange(
  change: PathChange,
  matched: string,
  compileRegex: CompileRegex,
): ((path: string) => string) | undefined {
  const { path, prefix, regex } = change;
  if (path !== undefined) return ofPath((whole, end) => path + whole.slice(end));
  if (prefix !== undefined) return ofPath(replacePrefix(barePrefix(matched).length, barePrefix(prefix)));
  if (regex === undefined) return undefined;
  const pattern = compileRegex(regex.pattern);
  return ofPath((whole, end) => rooted(pattern.replaceAll(whole.slice(0, end), regex.replacement)) + whole.slice(end));
}

function replacePrefix(length: number, prefix: string): (path: string) => string {
  return (path) => rooted(prefix + path.slice(length));
}

function rooted(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** @param change gets a path with its query, and where the query begins */
function ofPath(change: (path: string, end: number) => string): (path: string) => string {
  return (path) => {
    if (!path.startsWith('/')) return path;
    const query = path.indexOf('?');
    return change(path, query < 0 ? path.length : query);
  };
}
