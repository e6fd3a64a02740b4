import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startChild } from '../../test/support/children.ts';
import type { Child } from '../../test/support/children.ts';
import { ECHO_SERVICE } from '../load/echo-traffic.ts';
import { untilServing } from './target.ts';
import type { TargetKind, TargetPlace } from './target.ts';

export type WeftBuild = {
  name: string;
  /** The file that Node runs, usually dist/weft.mjs. */
  entry: string;
  /** Further arguments for Node. */
  nodeArgs?: readonly string[];
};

/** One sidecar, as the consumer has it: what compares to HAProxy. */
export function weft(build: WeftBuild): TargetKind {
  return {
    name: build.name,
    about: 'one sidecar (egress), as shipped, with a static cluster',
    async start(place) {
      const port = await freePort();
      const proxy = await startSidecar(build, place, 'egress', egressListener(port), [cluster(place.backendPort)]);
      await untilServing(proxy, port);
      return { name: build.name, port, proxies: [proxy] };
    },
  };
}

/** Two sidecars in series, as a call from a consumer to a provider passes them. */
export function weftTwice(build: WeftBuild): TargetKind {
  const name = `${build.name}-x2`;
  return {
    name,
    about: 'two sidecars in series (egress, ingress), as a call in the mesh passes them',
    async start(place) {
      const port = await freePort();
      const ingressPort = await freePort();
      const ingress = await startSidecar(build, place, 'ingress', ingressListener(ingressPort, place.backendPort), []);
      await untilServing(ingress, ingressPort);
      const egress = await startSidecar(build, place, 'egress-of-two', egressListener(port), [cluster(ingressPort)]);
      await untilServing(egress, port);
      return { name, port, proxies: [egress, ingress] };
    },
  };
}

async function startSidecar(
  build: WeftBuild,
  place: TargetPlace,
  id: string,
  listener: object,
  clusters: readonly object[],
): Promise<Child> {
  const file = join(place.folder, `${build.name}-${id}.yaml`);
  // JSON is YAML too.
  const config = {
    node: { id },
    admin: { address: `127.0.0.1:${await freePort()}` },
    stateDir: `state-${build.name}-${id}`,
    listeners: [listener],
    clusters,
    shutdown: { propagation: '0s', drain: '2s' },
  };
  await writeFile(file, JSON.stringify(config, undefined, 2));
  const node = [...(build.nodeArgs ?? []), build.entry, 'proxy', '-c', file];
  const [command, args] = place.at(process.execPath, node);
  return startChild(command, args, { name: `${build.name} (${id})` });
}

function egressListener(port: number): object {
  return { name: 'egress', address: `127.0.0.1:${port}`, protocol: 'bolt', direction: 'egress' };
}

function ingressListener(port: number, appPort: number): object {
  const app = `127.0.0.1:${appPort}`;
  return { name: 'ingress', address: `127.0.0.1:${port}`, protocol: 'bolt', direction: 'ingress', app };
}

function cluster(port: number): object {
  return { name: ECHO_SERVICE, endpoints: [`127.0.0.1:${port}`] };
}
