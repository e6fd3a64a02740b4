import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/support/children.ts';
import type { TargetKind } from '../target.ts';
import { startServing } from '../target.ts';
import { ENVOY_BINARY, ENVOY_VERSION, installEnvoy } from './envoy-install.ts';

export const envoy: TargetKind = {
  name: 'envoy',
  about: 'Envoy, one worker, no access log, the router alone as its filter',
  protocols: ['http1', 'http2', 'grpc'],
  version: () => ENVOY_VERSION,
  prepare: installEnvoy,
  async start(place) {
    const port = await freePort();
    const file = join(place.folder, 'envoy.json');
    await writeFile(file, JSON.stringify(envoyConfig(port, place.backendPort, place.protocol !== 'http1')));
    // Hot restart would have it share memory with any other Envoy of this machine.
    const options = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error', '-c', file];
    const child = await startServing(place, port, 'envoy', ENVOY_BINARY, options);
    return { name: 'envoy', port, proxies: [child] };
  },
};

const HTTP = 'type.googleapis.com/envoy.extensions';

/** Defaults as they are (a request id, its own x-envoy fields, statistics), with the Via that the others add. */
function envoyConfig(port: number, backendPort: number, http2: boolean): object {
  const manager = {
    '@type': `${HTTP}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'echo',
    codec_type: http2 ? 'HTTP2' : 'HTTP1',
    via: 'envoy',
    route_config: {
      virtual_hosts: [
        { name: 'echo', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'echo' } }] },
      ],
    },
    http_filters: [
      { name: 'envoy.filters.http.router', typed_config: { '@type': `${HTTP}.filters.http.router.v3.Router` } },
    ],
  };
  const filter = { name: 'envoy.filters.network.http_connection_manager', typed_config: manager };
  const listener = { name: 'echo', address: socketAddress(port), filter_chains: [{ filters: [filter] }] };
  return { static_resources: { listeners: [listener], clusters: [cluster(backendPort, http2)] } };
}

function cluster(backendPort: number, http2: boolean): object {
  const version = http2 ? { http2_protocol_options: {} } : { http_protocol_options: {} };
  const endpoint = { address: socketAddress(backendPort) };
  return {
    name: 'echo',
    type: 'STATIC',
    load_assignment: { cluster_name: 'echo', endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': `${HTTP}.upstreams.http.v3.HttpProtocolOptions`,
        explicit_http_config: version,
      },
    },
  };
}

function socketAddress(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
