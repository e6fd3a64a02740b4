import assert from 'node:assert/strict';
import { RETRIES } from '../../cluster/testing/policy.ts';
import type { RouteSpec } from '../../route/route-spec.ts';
import { httpTests } from '../testing/http-mesh.ts';

const httpTest = httpTests('http route retries');

const NO_MORE: RouteSpec = {
  name: 'once',
  match: { path: { exact: '/once' } },
  cluster: 'shop',
  retries: { attempts: 0 },
};
const OFTEN: RouteSpec = {
  name: 'often',
  match: { path: { exact: '/often' } },
  cluster: 'shop',
  retries: { attempts: 3, on: ['retriable-status'], statuses: [500], nonIdempotent: true },
};

httpTest(
  'a route tries again as often and after what it says, and else as its cluster does',
  { policy: { retries: { ...RETRIES, attempts: 1, on: ['gateway-error'] } }, routes: [NO_MORE, OFTEN] },
  async (mesh) => {
    let got = 0;
    (await mesh.textService()).answerAll(() => {
      got++;
      return 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n';
    });
    const caller = await mesh.caller();
    const triesOf = async (method: string, path: string): Promise<number> => {
      const before = got;
      caller.send(`${method} ${path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n`);
      assert.match((await caller.message()).head, /^HTTP\/1\.1 500 /);
      return got - before;
    };
    assert.deepEqual(
      [await triesOf('GET', '/often'), await triesOf('POST', '/often'), await triesOf('GET', '/once')],
      [4, 4, 1],
    );
    assert.equal(await triesOf('GET', '/else'), 1);
    await mesh.adjust({ routes: [{ ...OFTEN, retries: { on: ['5xx'] } }] });
    assert.equal(await triesOf('GET', '/often'), 2);
  },
);
