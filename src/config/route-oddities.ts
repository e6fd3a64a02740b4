import { defaultRouteName } from './complete-protocol.ts';
import { finding, type Finding, type Path } from './issue.ts';
import { asText, items, section, type Raw } from './raw-file.ts';
import { groupsOf, missingGroups } from './regex-groups.ts';
import { isRecord, quote } from './value.ts';

/** What is right in form in the routes of one listener, and probably not what was meant. */
export function findRouteOddities(routes: unknown, path: Path): Finding[] {
  const list = items(routes);
  return [
    ...list.flatMap(({ value, index }) => [
      ...findStars(value['match'], [...path, index, 'match', 'path']),
      ...findMissingGroups(value['rewrite'], [...path, index, 'rewrite', 'regex', 'replacement']),
    ]),
    ...findUnreachable(list, path),
  ];
}

/** In hosts a star stands for something, in paths it does not. */
function findStars(match: unknown, path: Path): Finding[] {
  const given = section(match, 'path');
  const [where, text] = isRecord(given) ? [[...path, 'exact'], given['exact']] : [path, given];
  if (typeof text !== 'string' || !text.includes('*')) return [];
  const below = /^([^*]*)\/\*{1,2}$/.exec(text)?.[1];
  const prefix = below === undefined ? '…' : below || '/';
  const hint = `for all that is below, write path: { prefix: ${prefix} }; for other patterns path: { regex: … }`;
  return [finding(where, `${quote(text)} is compared as it is written: the star in it stands for nothing else`, hint)];
}

/** The first route that holds is taken, and one that asks for nothing always holds, but for CONNECT. */
function findUnreachable(list: readonly { readonly value: Raw; readonly index: number }[], path: Path): Finding[] {
  const all = list.find(({ value }) => {
    const match = value['match'] ?? {};
    return isRecord(match) && Object.keys(match).length === 0;
  });
  if (all === undefined) return [];
  const name = asText(all.value['name']) ?? defaultRouteName(all.index);
  return list
    .filter(({ value, index }) => index > all.index && !namesConnect(value))
    .map(({ index }) =>
      finding(
        [...path, index],
        `no request comes here: ${quote(name)}, which is before it, has no match and takes all`,
        `put it before ${name}, or give that a match`,
      ),
    );
}

function namesConnect(route: Raw): boolean {
  const methods = section(route['match'], 'methods');
  return Array.isArray(methods) && methods.includes('CONNECT');
}

function findMissingGroups(rewrite: unknown, path: Path): Finding[] {
  const regex = section(rewrite, 'regex');
  const [pattern, replacement] = [section(regex, 'pattern'), section(regex, 'replacement')];
  if (typeof pattern !== 'string' || typeof replacement !== 'string') return [];
  const groups = groupsOf(pattern);
  const many = groups.count === 1 ? '1 group' : `${groups.count === 0 ? 'no' : groups.count} groups`;
  return missingGroups(replacement, groups).map((group) => {
    const none = group.startsWith('$<') ? `no group of the name in ${group}` : `${many}, and ${group} is none of them`;
    return finding(
      path,
      `the pattern has ${none}`,
      'put in ( ) or (?P<name> ) what is to be kept; $& is all of it, $$ a dollar sign',
    );
  });
}
