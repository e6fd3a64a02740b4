import assert from 'node:assert/strict';
import { settled, until } from '../../core/testing/settled.ts';
import type { RetryPolicy } from '../cluster/policy.ts';
import { OUTLIER, RETRIES } from '../cluster/testing/policy.ts';
import { BoltStatus } from '../codec/bolt/status.ts';
import { FAILURE_UNSENT_HEADER } from '../codec/bolt/encode.ts';
import { Provider, requestBytes } from './testing/bolt-peer.ts';
import { meshTests } from './testing/mesh-test.ts';
import { SERVICE, type SmallMesh } from './testing/small-mesh.ts';

const meshTest = meshTests('bolt faults');

function retry(retries: Partial<RetryPolicy>) {
  return { policy: { retries: { ...RETRIES, attempts: 2, ...retries } } };
}

/** Providers that answer each request with their number, or as told; and which of them got one, in order. */
async function answering(mesh: SmallMesh, ...statuses: readonly (() => number)[]) {
  const got: number[] = [];
  const providers: Provider[] = [];
  for (const [number, status] of statuses.entries()) {
    const provider = await mesh.provider();
    const next = async (): Promise<void> => {
      const request = await provider.requests.next();
      got.push(number);
      provider.reply(request, String(number), [], status());
      return next();
    };
    void next();
    providers.push(provider);
  }
  mesh.endpoints(...providers);
  return { got, providers };
}

const busy = (): number => BoltStatus.serverThreadPoolBusy;
const good = (): number => BoltStatus.success;

meshTest(
  'a service without room is left for another, when the policy says so',
  retry({ on: ['busy'] }),
  async (mesh) => {
    const { got } = await answering(mesh, busy, good);
    const caller = await mesh.caller();
    for (let id = 1; id <= 6; id++) {
      caller.send(id, SERVICE);
      const { id: replied, success, text } = await caller.replies.next();
      assert.deepEqual([replied, success, text.at(-1)], [id, true, '1']);
    }
    assert.ok(got.includes(0));
    assert.equal(mesh.cluster.retrying, 0);
  },
);

meshTest('so often, and no more; other errors of the service are its own', retry({ on: ['busy'] }), async (mesh) => {
  const { got } = await answering(mesh, busy, busy);
  const caller = await mesh.caller();
  caller.send(1, SERVICE);
  assert.equal((await caller.replies.next()).success, false);
  assert.equal(got.length, 3);
  const other = await answering(mesh, () => BoltStatus.serverException, good);
  const answers: boolean[] = [];
  for (let id = 2; id <= 5; id++) {
    caller.send(id, SERVICE);
    answers.push((await caller.replies.next()).success);
  }
  assert.equal(other.got.length, 4);
  assert.ok(answers.includes(false));
});

meshTest(
  'after a pause, within the time of its caller',
  retry({ on: ['busy'], attempts: 5, backoff: { base: 400, max: 400 } }),
  async (mesh) => {
    const { got } = await answering(mesh, busy, busy);
    const caller = await mesh.caller();
    caller.send(1, SERVICE, { timeout: 700 });
    await until('the first', () => got.length === 1);
    await settled();
    assert.equal(got.length, 1, 'it waits');
    for (let ms = 0; ms < 1000 && caller.replies.count === 0; ms += 10) await mesh.pass(10, 10);
    assert.equal((await caller.replies.next()).success, false);
    assert.ok(got.length >= 2 && got.length <= 6, `${got.length} tries`);
    assert.equal(mesh.cluster.retrying, 0);
  },
);

meshTest(
  'of many only so many are tried again',
  retry({ on: ['busy'], attempts: 1, budget: { percent: 0, min: 2 } }),
  async (mesh) => {
    const providers = [await mesh.provider(), await mesh.provider()];
    mesh.endpoints(...providers);
    const caller = await mesh.caller();
    for (let id = 1; id <= 10; id++) caller.send(id, SERVICE);
    for (const provider of providers) {
      const first = await Promise.all(Array.from({ length: 5 }, () => provider.requests.next()));
      for (const request of first) provider.reply(request, '', [], busy());
    }
    await until('the others are refused', () => caller.replies.count === 8);
    assert.equal(
      providers.reduce((sum, { requests }) => sum + requests.count, 0),
      12,
    );
    assert.equal(mesh.cluster.retrying, 2);
    for (const provider of providers) {
      for (let left = provider.requests.count - 5; left > 0; left--) provider.reply(await provider.requests.next());
    }
    await until('all have their replies', () => caller.replies.count === 10);
    assert.equal(mesh.cluster.retrying, 0);
  },
);

meshTest(
  'a provider that fails again and again rests',
  { policy: { outlier: { ...OUTLIER, consecutive: 3, maxEjected: 50 } } },
  async (mesh) => {
    const { got } = await answering(mesh, () => BoltStatus.error, good);
    const caller = await mesh.caller();
    for (let id = 1; id <= 20; id++) {
      caller.send(id, SERVICE);
      await caller.replies.next();
    }
    assert.equal(got.filter((number) => number === 0).length, 3);
    assert.match([...mesh.cluster.cluster.endpoints][0]!.reason, /3 failures in a row/);
    assert.match(mesh.metrics.render(), /weft_outlier_ejections_total\{cluster="com.demo.Echo:1.0"\} 1/);
  },
);

meshTest(
  'calls beyond what may be under way are refused at once',
  { policy: { breaker: { requests: 2, connections: 0 } } },
  async (mesh) => {
    const provider = await mesh.provider();
    mesh.endpoints(provider);
    const caller = await mesh.caller();
    for (const id of [1, 2, 3]) caller.send(id, SERVICE);
    const refused = await caller.replies.next();
    assert.deepEqual([refused.id, refused.success], [3, false]);
    assert.match(refused.text, /2 requests are under way already \(breaker.requests\)/);
    for (let i = 0; i < 2; i++) provider.reply(await provider.requests.next());
    for (const id of [1, 2]) assert.equal((await caller.replies.next()).id, id);
  },
);

meshTest(
  'calls of one key go to one provider, and return to it',
  { policy: { lb: 'maglev', hash: [{ header: 'sofa_user' }] } },
  async (mesh) => {
    const { providers } = await answering(mesh, good, good, good);
    const caller = await mesh.caller();
    let id = 0;
    const ask = async (user: string): Promise<string> => {
      caller.send(++id, SERVICE, { headers: [['sofa_user', user]] });
      return (await caller.replies.next()).text.at(-1)!;
    };
    const users = Array.from({ length: 40 }, (_, i) => `user-${i}`);
    const owners = new Map<string, string>();
    for (const user of users) owners.set(user, await ask(user));
    assert.equal(new Set(owners.values()).size, 3);
    const [gone, ...left] = providers as [Provider, ...Provider[]];
    mesh.endpoints(...left);
    for (const user of users) assert.notEqual(await ask(user), '0');
    mesh.endpoints(...left, gone);
    for (const user of users) assert.equal(await ask(user), owners.get(user));
  },
);

meshTest(
  'a header block that breaks off behind the service is refused, and counts for nobody',
  { policy: { lb: 'maglev', hash: [{ header: 'sofa_user' }] } },
  async (mesh) => {
    const caller = await mesh.caller();
    caller.socket.write(requestBytes(1, SERVICE, { broken: true }));
    const { id, success, text } = await caller.replies.next();
    assert.deepEqual([id, success], [1, false]);
    assert.match(text, /header/);
    assert.equal(mesh.cluster.stats.active, 0);
  },
);

meshTest(
  'a provider that comes back within the tries gets the call',
  retry({ on: ['connect-failure'], attempts: 8, backoff: { base: 200, max: 200 } }),
  async (mesh) => {
    const gone = await Provider.start();
    const { port } = gone;
    await gone.close();
    mesh.endpoints({ port });
    const caller = await mesh.caller();
    caller.send(1, SERVICE, { timeout: 5000 });
    await until('it is not usable', () => mesh.cluster.cluster.usable === 0);
    const back = await Provider.start(port);
    back.answerAll('back');
    for (let ms = 0; ms < 2000 && caller.replies.count === 0; ms += 50) await mesh.pass(50, 50);
    assert.match((await caller.replies.next()).text, /back$/);
    mesh.endpoints();
    await back.close();
  },
);

meshTest(
  'a call that may have run is not said to be safe to send again',
  retry({ on: ['reset'], attempts: 1 }),
  async (mesh) => {
    const provider = await Provider.start();
    mesh.endpoints(provider);
    const caller = await mesh.caller();
    caller.send(1, SERVICE);
    await provider.requests.next();
    await provider.close();
    const { success, text } = await caller.replies.next();
    assert.equal(success, false);
    assert.doesNotMatch(text, new RegExp(FAILURE_UNSENT_HEADER));
    // What came last, that nobody is there any more, would hide it.
    assert.match(text, /connection_lost/);
  },
);
