import type { RequestHead } from '../../message/http-head.ts';
import type { CallerStream, Trailers } from '../../message/http-stream.ts';
import { hits } from '../../route/fault-policy.ts';
import { type ClusterRoute, UNCOUNTED } from '../../route/route.ts';
import type { HttpScope } from './http-scope.ts';
import type { KeptContent } from './kept-content.ts';
import { Mirror } from './mirror.ts';

/** What a mirrored request is known by, as in Envoy. */
const SUFFIX = '-shadow';

/**
 * Makes the copy of a request that goes to the cluster of `route`, where chance will; `go` sends it.
 *
 * @param content what has come of it so far.
 * @param trailers with which it has ended; undefined: there is more to come.
 */
export function beginMirror(
  scope: HttpScope,
  route: ClusterRoute,
  caller: CallerStream,
  head: RequestHead,
  content: KeptContent,
  trailers: Trailers | undefined,
): Mirror | undefined {
  const { destination, percent } = route.mirror!;
  if (!hits(percent, scope.deps.chance)) return undefined;
  const { cluster, subset } = destination;
  const managed = scope.cluster(cluster);
  if (managed === undefined) return undefined;
  const mirror = new Mirror(scope, managed, caller);
  const own: ClusterRoute = {
    ...route,
    stats: UNCOUNTED,
    host: shadowOf(route.host ?? head.authority),
    timeout: undefined,
    responseEdits: undefined,
    gates: undefined,
    mirror: undefined,
  };
  const whole = trailers?.length === 0 && content.empty;
  mirror.begin(head, whole, { managed, route: own, cluster, subset });
  content.copyTo(mirror);
  if (trailers !== undefined && !whole) mirror.end(trailers);
  return mirror;
}

/** The port stays behind it; an address of IPv6 takes none. */
function shadowOf(authority: string): string | undefined {
  if (authority === '' || authority.startsWith('[')) return undefined;
  const port = /:\d*$/.exec(authority)?.[0] ?? '';
  return authority.slice(0, authority.length - port.length) + SUFFIX + port;
}
