/**
 * What every pair of peers must manage, whatever lies between them: with these checks a call through sidecars is held
 * to exactly what a direct call does.
 */
import assert from 'node:assert/strict';
import { waitUntil } from '../support/children.ts';
import { JavaError } from '../support/java.ts';
import type { JavaCall, JavaConsumer } from '../support/java.ts';
import type { EchoConsumer } from '../support/sofa-node.ts';

const MIB = 1024 * 1024;

/** Values and sizes, in each of the ways in which Java waits for a result. */
export async function checkValues(consumer: JavaConsumer): Promise<void> {
  assert.equal(await consumer.call({ method: 'echo', args: ['grüß dich, 世界'] }), 'grüß dich, 世界');
  assert.equal(await consumer.call({ method: 'echo', args: [''] }), '');
  assert.equal(await consumer.call({ method: 'sum', args: [40, 2] }), 42);
  assert.equal(await consumer.call({ method: 'echo', args: ['later'], type: 'future' }), 'later');
  assert.equal(await consumer.call({ method: 'echo', args: ['called back'], type: 'callback' }), 'called back');
  for (const size of [0, 1, 65_536, 4 * MIB]) {
    assert.equal(await consumer.call({ method: 'echoBytes', args: [size], timeout: 20_000 }), size);
  }
}

/** An exception that the interface declares comes back as itself. */
export async function checkJavaException(consumer: JavaConsumer): Promise<void> {
  const call: JavaCall = { method: 'fail', args: ['out of stock'] };
  assert.deepEqual(await failureOf(consumer, call), { className: 'com.demo.EchoException', message: 'out of stock' });
  assert.deepEqual(await failureOf(consumer, { ...call, type: 'callback' }), {
    className: 'com.demo.EchoException',
    message: 'out of stock',
  });
  // Of a future, SOFARPC wraps even what is declared.
  assert.deepEqual(await failureOf(consumer, { ...call, type: 'future' }), {
    className: 'com.alipay.sofa.rpc.core.exception.SofaRpcException',
    message: 'out of stock',
  });
}

/** Whatever the service throws reaches one consumer as it reaches the other, from the same line of its code. */
export async function checkFailuresAlike(consumer: JavaConsumer, other: JavaConsumer): Promise<void> {
  for (const method of ['fail', 'crash'] as const) {
    for (const type of ['sync', 'future', 'callback'] as const) {
      const call: JavaCall = { method, args: [`${method} ${type}`], type };
      assert.deepEqual(await thrownBy(consumer, call), await thrownBy(other, call));
    }
  }
}

/** The caller's timeout ends the call when it is up, and the connection goes on working. */
export async function checkTimeout(consumer: JavaConsumer): Promise<void> {
  const started = performance.now();
  // No longer than needed: a provider's JVM does not end before its calls do.
  const { className } = await failureOf(consumer, { method: 'slow', args: [2_000], timeout: 300 });
  const waited = performance.now() - started;
  assert.equal(className, 'com.alipay.sofa.rpc.core.exception.SofaTimeOutException');
  assert.ok(waited >= 290 && waited < 2_000, `timed out after ${Math.round(waited)} ms instead of 300`);
  assert.equal(await consumer.call({ method: 'slow', args: [20], timeout: 5_000 }), 'slept 20');
}

/** One-way calls arrive, once each. */
export async function checkOneway(consumer: JavaConsumer, told: () => Promise<string[]>): Promise<void> {
  const texts = Array.from({ length: 20 }, (_, i) => `word ${i}`);
  for (const text of texts) await consumer.call({ method: 'tell', args: [text], type: 'oneway' });
  const arrived = await waitUntil(
    async () => {
      const all = await told();
      return all.length >= texts.length ? all : undefined;
    },
    { what: `${texts.length} one-way calls arrive` },
  );
  assert.deepEqual(arrived.toSorted(), texts.toSorted());
}

/** A thousand calls on eight threads, none of which fails or gets the reply of another. */
export async function checkConcurrency(consumer: JavaConsumer): Promise<void> {
  const { succeeded, failures } = await consumer.load({
    method: 'echoBytes',
    args: [1_024],
    threads: 8,
    calls: 1_000,
    timeout: 10_000,
  });
  assert.deepEqual({ succeeded, failures }, { succeeded: 1_000, failures: {} });
}

/** More bytes at the same time than one connection's buffers hold. */
export async function checkLargeAtOnce(consumer: JavaConsumer): Promise<void> {
  const { succeeded, failures } = await consumer.load({
    method: 'echoBytes',
    args: [MIB],
    threads: 8,
    calls: 48,
    timeout: 20_000,
  });
  assert.deepEqual({ succeeded, failures }, { succeeded: 48, failures: {} });
}

/** All that a consumer in Node gets from a provider in Java. */
export async function checkNodeToJava(consumer: EchoConsumer): Promise<void> {
  assert.equal(await consumer.echo('grüß dich, 世界'), 'grüß dich, 世界');
  assert.equal(await consumer.sum(40, 2), 42);
  assert.equal(await consumer.echoBytes(MIB), MIB);
  await assert.rejects(consumer.fail('out of stock'), { name: 'com.demo.EchoException', message: /^out of stock/ });
  await assert.rejects(consumer.slow(2_000, 300), { name: 'RpcResponseTimeoutError' });
  const texts = Array.from({ length: 1_000 }, (_, i) => `text ${i}`);
  assert.deepEqual(await Promise.all(texts.map((text) => consumer.echo(text))), texts);
}

/** All that a consumer in Java gets from a provider in Node. */
export async function checkJavaToNode(consumer: JavaConsumer): Promise<void> {
  await checkValues(consumer);
  // sofa-rpc-node sends a class that SOFARPC for Java does not expect; the mesh must not make it anything else.
  const { message } = await failureOf(consumer, { method: 'fail', args: ['out of stock'] });
  assert.match(message, /RpcServerException cannot be cast/);
  await checkTimeout(consumer);
  await checkConcurrency(consumer);
}

/** Class and message of what a call threw; fails when it did not. */
export async function failureOf(
  consumer: JavaConsumer,
  call: JavaCall,
): Promise<{ className: string; message: string }> {
  const { className, message } = await thrownBy(consumer, call);
  return { className, message };
}

type Thrown = { className: string; message: string; at: string };

async function thrownBy(consumer: JavaConsumer, call: JavaCall): Promise<Thrown> {
  try {
    assert.fail(`${call.method} brought ${JSON.stringify(await consumer.call(call))} instead of an error`);
  } catch (error) {
    if (!(error instanceof JavaError)) throw error;
    return { className: error.className, message: error.message, at: error.at };
  }
}
