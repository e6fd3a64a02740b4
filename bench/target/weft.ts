import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, startChild } from '../../test/support/children.ts';
import type { Child } from '../../test/support/children.ts';
import { ECHO_SERVICE } from '../load/echo-traffic.ts';
import { HTTP_HOST } from '../load/http-traffic.ts';
import type { Protocol } from '../scenarios/scenario.ts';
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
    about: 'one sidecar (egress), as shipped: local API, embedded registry, a static cluster',
    protocols: ['bolt', 'http1', 'http2', 'grpc'],
    async start(place) {
      const control = await startControl(build, place);
      const port = await freePort();
      const listeners = [egressListener(port, place.protocol)];
      const clusters = [cluster(place.backendPort, place.protocol)];
      try {
        const proxy = await startSidecar(build, place, {
          id: 'egress',
          listeners,
          clusters,
          registry: control.registry,
        });
        await untilServing(proxy, port, place.protocol);
        return { name: build.name, port, proxies: [proxy], beside: [control.child], jit: true };
      } catch (error) {
        await control.child[Symbol.asyncDispose]();
        throw error;
      }
    },
  };
}

/** Two sidecars in series, as a call from a consumer to a provider passes them. */
export function weftTwice(build: WeftBuild): TargetKind {
  const name = `${build.name}-x2`;
  return {
    name,
    about: 'two sidecars in series (egress, ingress), as a call in the mesh passes them',
    protocols: ['bolt'],
    async start(place) {
      const { child, registry } = await startControl(build, place);
      const [port, ingressPort] = [await freePort(), await freePort()];
      const ingress = await startSidecar(build, place, {
        id: 'ingress',
        listeners: [ingressListener(ingressPort, place.backendPort)],
        clusters: [],
        registry,
      });
      await untilServing(ingress, ingressPort, place.protocol);
      const egress = await startSidecar(build, place, {
        id: 'egress-of-two',
        listeners: [egressListener(port, place.protocol)],
        clusters: [cluster(ingressPort, place.protocol)],
        registry,
      });
      await untilServing(egress, port, place.protocol);
      return { name, port, proxies: [egress, ingress], beside: [child], jit: true };
    },
  };
}

async function startControl(build: WeftBuild, place: TargetPlace): Promise<{ child: Child; registry: object }> {
  const address = `127.0.0.1:${await freePort()}`;
  // What Node is told besides, a profiler for instance, is for the sidecars.
  const child = await startNode(
    { name: build.name, entry: build.entry },
    place,
    ['control', '--address', address],
    `${build.name} (control)`,
  );
  return { child, registry: { type: 'embedded', address } };
}

type Sidecar = {
  id: string;
  listeners: readonly object[];
  clusters: readonly object[];
  registry: object;
};

async function startSidecar(build: WeftBuild, place: TargetPlace, sidecar: Sidecar): Promise<Child> {
  const { id, ...sections } = sidecar;
  const file = join(place.folder, `${build.name}-${id}.yaml`);
  // JSON is YAML too.
  const config = {
    node: { id },
    admin: { address: `127.0.0.1:${await freePort()}` },
    sdk: { address: `127.0.0.1:${await freePort()}` },
    stateDir: `state-${build.name}-${id}`,
    ...sections,
    shutdown: { propagation: '0s', drain: '2s' },
  };
  await writeFile(file, JSON.stringify(config, undefined, 2));
  return startNode(build, place, ['proxy', '-c', file], `${build.name} (${id})`);
}

function startNode(build: WeftBuild, place: TargetPlace, args: readonly string[], name: string): Promise<Child> {
  const [command, all] = place.at(process.execPath, [...(build.nodeArgs ?? []), build.entry, ...args]);
  return startChild(command, all, { name });
}

function egressListener(port: number, protocol: Protocol): object {
  const accepts = protocol === 'bolt' ? 'bolt' : 'http';
  return { name: 'egress', address: `127.0.0.1:${port}`, protocol: accepts, direction: 'egress' };
}

function ingressListener(port: number, appPort: number): object {
  const app = `127.0.0.1:${appPort}`;
  return { name: 'ingress', address: `127.0.0.1:${port}`, protocol: 'bolt', direction: 'ingress', app };
}

/** Its name is what a caller asks for: a Bolt service, or the host of an HTTP request. */
function cluster(port: number, protocol: Protocol): object {
  const endpoints = [`127.0.0.1:${port}`];
  if (protocol === 'bolt') return { name: ECHO_SERVICE, endpoints };
  return { name: HTTP_HOST, endpoints, http: { version: protocol === 'http1' ? 'http1' : 'http2' } };
}
