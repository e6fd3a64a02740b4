/** Health checks of endpoints that are servers of grpc-js and of SOFARPC. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, waitUntil, type Owner } from '../support/children.ts';
import { openGrpcClient } from '../support/grpc/grpc-client.ts';
import { startGrpcServer, type GrpcServer } from '../support/grpc/grpc-server.ts';
import { addHealth, type Serving } from '../support/grpc/health-service.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';
import { startLoad } from '../support/load.ts';
import { ECHO, endpointsAre, startSidecar, type TestSidecar } from '../support/mesh.ts';
import { openConsumer, startProvider } from '../support/sofa-node.ts';

const OFTEN = { interval: '200ms', timeout: '500ms', unhealthyThreshold: 2, healthyThreshold: 2 };

async function startChecked(owner: Owner, serving: Serving): Promise<GrpcServer> {
  return startGrpcServer(owner, {}, 0, (server) => addHealth(server, serving));
}

/** Waits until the endpoint at `port` is out for this reason, or, with '', in. */
async function reasonIs(sidecar: TestSidecar, port: number, reason: string): Promise<void> {
  const check = async (): Promise<boolean> => {
    const endpoints = (await sidecar.clusters()).flatMap((one) => one.endpoints);
    const endpoint = endpoints.find(({ address }) => address.endsWith(`:${port}`));
    return endpoint !== undefined && endpoint.usable === (reason === '') && (endpoint.reason ?? '') === reason;
  };
  await waitUntil(check, { what: `${port} is ${reason === '' ? 'usable' : reason}`, ms: 20_000 });
}

test('servers of grpc-js that implement grpc.health.v1 get calls while they are SERVING', async (t) => {
  const [one, two]: [Serving, Serving] = [
    new Map([['shop.Carts', 'SERVING']]),
    new Map([['shop.Carts', 'NOT_SERVING']]),
  ];
  const [a, b] = [await startChecked(t, one), await startChecked(t, two)];
  const health = { type: 'grpc', service: 'shop.Carts', ...OFTEN };
  const { sidecar, port, metric } = await startHttpProxy(t, {
    clusters: [cluster('carts', [a.port, b.port], { health, lb: 'round_robin' })],
  });
  const client = openGrpcClient(t, port, 'carts');
  const callers = async (): Promise<string> => {
    const before = [a.calls.length, b.calls.length];
    for (let i = 0; i < 6; i++) assert.equal((await client.call('Unary', { text: 'x' })).status.code, 0);
    return [a.calls.length > before[0]! ? 'a' : '', b.calls.length > before[1]! ? 'b' : ''].join('');
  };
  await callers();
  await reasonIs(sidecar, b.port, 'health check: NOT_SERVING');
  assert.equal(await callers(), 'a');
  two.set('shop.Carts', 'SERVING');
  await reasonIs(sidecar, b.port, '');
  assert.equal(await callers(), 'ab');
  two.delete('shop.Carts');
  await reasonIs(sidecar, b.port, 'health check: it does not know this service (health.service)');
  assert.equal(await callers(), 'a');
  assert.ok((await metric('weft_health_checks_total', { cluster: 'carts', result: 'ok' })) > 0);
  assert.ok((await metric('weft_health_checks_total', { cluster: 'carts', result: 'failed' })) > 0);
});

test('a server of grpc-js without health checks is told by what it lacks', async (t) => {
  const { port: endpoint } = await startGrpcServer(t);
  const { sidecar, port } = await startHttpProxy(t, {
    clusters: [cluster('carts', endpoint, { health: { type: 'grpc', ...OFTEN } })],
  });
  const client = openGrpcClient(t, port, 'carts');
  await client.call('Unary', { text: 'x' });
  await reasonIs(sidecar, endpoint, 'health check: it does not implement grpc.health.v1.Health');
  assert.equal((await client.call('Unary', { text: 'x' })).status.code, 0, 'with no other there is, it is tried');
});

test('a SOFARPC provider that stands still is out before its connections are given up, and back when it goes on', async (t) => {
  const [a, b] = [await freePort(), await freePort()];
  const frozen = await startProvider(t, 'a', a);
  await startProvider(t, 'b', b);
  const egress = await startSidecar(t, {
    name: 'consumer-sidecar',
    clusters: [cluster(ECHO, [a, b], { health: { type: 'bolt', ...OFTEN }, lb: 'round_robin' })],
  });
  const consumer = await openConsumer(t, egress.ports.egress);
  const load = startLoad(t, () => consumer.name(1_000));
  await load.served('a');
  await load.served('b');
  frozen.signal('SIGSTOP');
  await reasonIs(egress, a, 'health check: no answer in 500 ms');
  await load.served('b', 200);
  frozen.signal('SIGCONT');
  await endpointsAre(egress, 2, 2);
  await load.served('a');
  await load.stop();
});
