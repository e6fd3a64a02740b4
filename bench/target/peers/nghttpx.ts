import { freePort } from '../../../test/support/children.ts';
import type { TargetKind } from '../target.ts';
import { startServing } from '../target.ts';
import { ensureTools, versionOf } from '../tools.ts';

/** More than the load has in flight: as Envoy and the backend, nghttpx is to bring all calls onto one connection. */
const STREAMS = 1000;

export const nghttpx: TargetKind = {
  name: 'nghttpx',
  about: 'nghttpx of nghttp2, one process and thread, no logging, HTTP/2 on both sides',
  protocols: ['http2', 'grpc'],
  version: () => versionOf('nghttpx', ['--version'], /nghttp2\/(\d+(?:\.\d+)*)/),
  prepare: () => ensureTools({ nghttpx: 'nghttp2-proxy' }),
  async start(place) {
    const port = await freePort();
    // It adds Via and X-Forwarded-Proto by default, and has no request id. Debian's config file is left aside.
    const child = await startServing(place, port, 'nghttpx', 'nghttpx', [
      '--conf=/dev/null',
      '--workers=1',
      // Without these the work is in a child of the process that is watched. The event loop is the same.
      '--single-process',
      '--single-thread',
      `--frontend=127.0.0.1,${port};no-tls`,
      `--backend=127.0.0.1,${place.backendPort};;proto=h2`,
      `--frontend-http2-max-concurrent-streams=${STREAMS}`,
      `--backend-http2-max-concurrent-streams=${STREAMS}`,
    ]);
    return { name: 'nghttpx', port, proxies: [child] };
  },
};
