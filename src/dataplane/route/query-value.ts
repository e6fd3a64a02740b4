const AMPERSAND = '&';
const EQUALS = '=';

/**
 * The value of the first parameter of a name, decoded as forms are (URL Standard section 5.1):
 * `+` is a space, `%41` an octet, and a `%` without two digits itself. Undefined when there is none.
 *
 * @param path with its query
 * @param pathEnd where the query begins, with its `?`
 * @param name decoded, one character for each octet
 */
export function queryValue(path: string, pathEnd: number, name: string): string | undefined {
  let start = pathEnd + 1;
  while (start < path.length) {
    const next = path.indexOf(AMPERSAND, start);
    const end = next < 0 ? path.length : next;
    const equals = path.indexOf(EQUALS, start);
    const nameEnd = equals < 0 || equals > end ? end : equals;
    if (isNamed(path, start, nameEnd, name)) return nameEnd === end ? '' : decoded(path, nameEnd + 1, end);
    start = end + 1;
  }
  return undefined;
}

function isNamed(path: string, start: number, end: number, name: string): boolean {
  return isPlain(path, start, end)
    ? end - start === name.length && end > start && path.startsWith(name, start)
    : decoded(path, start, end) === name;
}

/** Whether nothing is encoded from `start` to `end`. */
function isPlain(path: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const code = path.charCodeAt(at);
    if (code === 0x25 || code === 0x2b) return false;
  }
  return true;
}

function decoded(path: string, start: number, end: number): string {
  const part = path.slice(start, end);
  if (isPlain(part, 0, part.length)) return part;
  return part
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}
