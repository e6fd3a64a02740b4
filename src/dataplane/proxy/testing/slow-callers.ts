import { requestBytes, type Caller, type Provider } from './bolt-peer.ts';
import { until } from '../../../core/testing/settled.ts';
import { SERVICE, type SmallMesh } from './small-mesh.ts';

/** A timeout that no test reaches. */
export const LONG = { timeout: 1_000_000 };
/** For many calls at once. */
export const MANY = {
  limits: { maxPending: 10_000, maxOutput: 64 << 20 },
  policy: { maxPendingPerConnection: 10_000 },
};
/** A content of 64 KiB. */
export const LARGE = 'x'.repeat(64 << 10);
/** A request of nearly `maxFrame`. */
export const HUGE: Buffer = requestBytes(1, SERVICE, { ...LONG, content: 'z'.repeat((1 << 20) - 100) });

/**
 * Lets `caller` read nothing and ask, until a few of its replies find no room in the kernel any more.
 *
 * @returns how many it has asked for; `most` at most.
 */
export async function leaveUnread(mesh: SmallMesh, caller: Caller, provider: Provider, most = 1000): Promise<number> {
  caller.socket.pause();
  let calls = 0;
  while (calls < most && mesh.net.unsent === 0) {
    caller.send(++calls, SERVICE, LONG);
    provider.reply(await provider.requests.next(), LARGE);
    await until('the end of the call', () => mesh.listener.active === 0);
  }
  return calls;
}

/** A caller that has asked for far more than it reads; `read` lets it take about 2 MiB. */
export async function trickle(
  mesh: SmallMesh,
  provider: Provider,
  calls: number,
): Promise<[Caller, () => Promise<void>]> {
  const caller = await mesh.caller();
  provider.answerAll(LARGE);
  caller.send(0, SERVICE, LONG);
  await caller.replies.next();
  caller.socket.pause();
  for (let id = 1; id <= calls; id++) caller.send(id, SERVICE, LONG);
  await until('all requests', () => provider.requests.count === calls + 1);
  await until('replies to pile up', () => mesh.net.unsent > 2 << 20);
  const read = async (): Promise<void> => {
    const enough = caller.replies.count + 32;
    caller.socket.resume();
    await until('replies', () => caller.replies.count > enough);
    caller.socket.pause();
  };
  return [caller, read];
}
