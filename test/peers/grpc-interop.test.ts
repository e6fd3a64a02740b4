/**
 * gRPC's own interoperability client and server, direct and through two sidecars. Two kinds of cases are not among
 * them: those that need credentials of a cloud (compute_engine_*, service_account_creds, jwt_token_creds, per_rpc_creds,
 * oauth2_auth_token, google_default_credentials), and pick_first_unary, for which a server has to say who it is: this one
 * does not, so the case fails direct as well.
 */
import { test } from 'node:test';
import { makeCertificate } from '../support/certificate.ts';
import { freePort, startChild, type Owner } from '../support/children.ts';
import { goProgram } from '../support/go.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';

/** Both programs say what they do at this level alone. */
const LOUD = { GRPC_GO_LOG_SEVERITY_LEVEL: 'info' };
const SOAK = ['--soak_iterations=300', '--soak_overall_timeout_seconds=60'];
/** The client's balancer that checks load reports. */
const ORCA = ['--service_config_json={"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}'];

/** Options of the client beside the name of the case. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  empty_unary: [],
  large_unary: [],
  client_streaming: [],
  server_streaming: [],
  ping_pong: [],
  empty_stream: [],
  timeout_on_sleeping_server: [],
  cancel_after_begin: [],
  cancel_after_first_response: [],
  status_code_and_message: [],
  special_status_message: [],
  custom_metadata: [],
  unimplemented_method: [],
  unimplemented_service: [],
  rpc_soak: SOAK,
  channel_soak: SOAK,
  orca_per_rpc: ORCA,
  orca_oob: ORCA,
};

/** Where the client calls, and how. */
type Way = (owner: Owner, serverPort: number) => Promise<{ port: number; options?: readonly string[] }>;

const WAYS: Readonly<Record<string, Way>> = {
  direct: async (_owner, port) => ({ port }),
  'through two sidecars': async (owner, port) => ({ port: await startMesh(owner, port) }),
  'through two sidecars, the first one over TLS': async (owner, port) => {
    const tls = await makeCertificate(owner);
    const options = ['--use_tls', '--use_test_ca', `--ca_file=${tls.certificate}`, '--server_host_override=localhost'];
    return { port: await startMesh(owner, port, { tls }), options };
  },
};

for (const [name, startWay] of Object.entries(WAYS)) {
  test(`gRPC's interoperability cases, ${name}`, async (t) => {
    const { port, options = [] } = await startWay(t, await startServer(t));
    for (const [testCase, own] of Object.entries(CASES)) {
      await t.test(testCase, () => runCase(testCase, [`--server_port=${port}`, ...options, ...own]));
    }
  });
}

/** Rejects, with what the client says, unless the case passes. */
async function runCase(name: string, options: readonly string[]): Promise<void> {
  await using client = await startChild(
    await goProgram('grpc-client'),
    ['--server_host=127.0.0.1', `--test_case=${name}`, ...options],
    { name, env: LOUD },
  );
  // The last thing that a case says, in words of its own. One that fails ends the client before.
  await client.waitFor(/\] \w+ ?done$/i, 90_000);
}

async function startServer(owner: Owner): Promise<number> {
  const port = await freePort();
  await startChild(await goProgram('grpc-server'), [`--port=${port}`], {
    name: 'interop server',
    env: LOUD,
    ready: /interop server listening/,
    owner,
  });
  return port;
}

/** The port of the first of two sidecars between a client and the server. */
async function startMesh(owner: Owner, appPort: number, listener: object = {}): Promise<number> {
  const { ingressPort } = await startHttpProxy(owner, { name: 'provider', clusters: [], appPort });
  const { port } = await startHttpProxy(owner, {
    name: 'consumer',
    // The client says no more than an address for a host.
    listener: { http: { routes: [{ cluster: 'interop' }] }, ...listener },
    clusters: [cluster('interop', ingressPort)],
  });
  return port;
}
