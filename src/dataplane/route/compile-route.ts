import { Overlay } from '../../core/overlay.ts';
import { Known, marksOf } from '../message/http-fields.ts';
import type { Gate } from '../message/gate.ts';
import type { HeadEdits } from '../message/http-head.ts';
import { knownOf } from './field-value.ts';
import { toOctets } from './octets.ts';
import { compilePathChange } from './path-change.ts';
import { redirectTo } from './redirect.ts';
import type { CompileRegex } from './regex.ts';
import type { Route, RouteParts } from './route.ts';
import { Split } from './split.ts';
import type { EditSpec, RespondSpec, RouteSpec } from './route-spec.ts';

/** Makes what a route does out of what its config says. */
export function compileRoute(spec: RouteSpec, parts: RouteParts, compileRegex: CompileRegex): Route {
  const { name, match, redirect, respond, rewrite, timeout, requestHeaders, responseHeaders, retries, mirror } = spec;
  const stats = parts.statsOf(name);
  const matched = match.path?.prefix ?? '/';
  if (redirect !== undefined) {
    return { kind: 'redirect', name, stats, status: redirect.status, location: redirectTo(redirect, matched) };
  }
  if (respond !== undefined) {
    const { status, body } = respond;
    return { kind: 'respond', name, stats, status, body: Buffer.from(body), fields: responseFields(respond) };
  }
  return {
    kind: 'cluster',
    name,
    stats,
    split: splitOf(spec),
    timeout,
    host: rewrite?.host,
    rewritePath: rewrite && compilePathChange(rewrite, matched, compileRegex),
    requestEdits: requestHeaders && compileEdits(requestHeaders),
    responseEdits: responseHeaders && compileEdits(responseHeaders),
    retries: retries && new Overlay(retries),
    gates: gatesOf(spec, parts),
    mirror: mirror && {
      destination: { cluster: mirror.cluster, subset: mirror.subset },
      percent: mirror.percent,
    },
  };
}

function gatesOf(spec: RouteSpec, parts: RouteParts): readonly Gate[] | undefined {
  const gates = parts.gatesOf(spec);
  return gates.length === 0 ? undefined : gates;
}

function splitOf({ name, cluster, subset, clusters }: RouteSpec): Split {
  if (clusters !== undefined) return new Split(clusters.map((one) => ({ ...one, subset: one.subset })));
  if (cluster === undefined) throw new Error(`route ${name} leads nowhere`);
  return new Split([{ cluster, subset, weight: 1 }]);
}

function responseFields({ body, headers }: RespondSpec): string[] {
  const fields = flat(headers);
  const typed = body === '' || Object.hasOwn(headers, 'content-type');
  return typed ? fields : ['content-type', 'text/plain; charset=utf-8', ...fields];
}

/** What is set takes the place of what came under its name. */
function compileEdits({ set, add, remove }: EditSpec): HeadEdits {
  const without = marksOf();
  const withoutNames = new Set<string>();
  for (const name of [...remove, ...Object.keys(set)]) {
    const known = knownOf(name);
    if (known === Known.other) withoutNames.add(name);
    else without[known] = 1;
  }
  return {
    without,
    withoutNames: withoutNames.size === 0 ? undefined : withoutNames,
    added: [...flat(set), ...flat(add)],
  };
}

function flat(fields: Readonly<Record<string, string>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) => [name, toOctets(value)]);
}
