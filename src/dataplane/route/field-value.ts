import { Known, KNOWN_NAMES } from '../message/http-fields.ts';
import type { FieldList } from '../message/http-head.ts';

/** The number of a name in lower case among the known ones; `other` when it is not. */
export function knownOf(name: string): Known {
  const known = name === '' ? -1 : KNOWN_NAMES.indexOf(name);
  return known < 0 ? Known.other : (known as Known);
}

/**
 * The values of all fields of a name, joined as RFC 9110 section 5.3 has it; undefined when there is none.
 *
 * @param known the name's number
 * @param name in lower case
 */
export function fieldValue(fields: FieldList, known: Known, name: string): string | undefined {
  let joined: string | undefined;
  for (let field = 0; field < fields.count; field++) {
    if (fields.knownAt(field) !== known) continue;
    if (known === Known.other && !sameName(fields.name(field), name)) continue;
    const value = fields.value(field);
    // HTTP/2 may split this one (RFC 9113 section 8.2.3), whose parts are parted by semicolons.
    joined = joined === undefined ? value : joined + (name === 'cookie' ? '; ' : ', ') + value;
  }
  return joined;
}

/** @param lower in lower case */
function sameName(name: string, lower: string): boolean {
  if (name.length !== lower.length) return false;
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    const folded = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
    if (folded !== lower.charCodeAt(at)) return false;
  }
  return true;
}
