/**
 * What gRPC must do, whatever lies between client and server: with these checks a call through sidecars is held to
 * exactly what a direct call does.
 */
import assert from 'node:assert/strict';
import { status, type Metadata } from '@grpc/grpc-js';
import { waitUntil } from '../support/children.ts';
import type { Ended, GrpcClient } from '../support/grpc/grpc-client.ts';
import type { GrpcServer, SeenCall } from '../support/grpc/grpc-server.ts';
import { bytesOf, type Method } from '../support/grpc/grpc-service.ts';

export interface Pair {
  readonly client: GrpcClient;
  readonly server: GrpcServer;
}

const METHODS: readonly Method[] = ['Unary', 'Collect', 'Spread', 'Chat'];
const MIB = 1024 * 1024;

export async function checkUnary({ client }: Pair): Promise<void> {
  const { replies, status: end } = await client.call('Unary', { text: 'grüß dich, 世界', payload: bytesOf(1_000) });
  assert.deepEqual(textsOf({ replies }), ['grüß dich, 世界']);
  assert.equal(replies[0]?.received, 1_000);
  assert.equal(end.code, status.OK);
  // The shortest message there is.
  assert.deepEqual(textsOf(await client.call('Unary', {})), ['']);
}

export async function checkStreams({ client }: Pair): Promise<void> {
  const numbers = Array.from({ length: 50 }, (_, i) => String(i));
  const calls = numbers.map((text) => ({ text, payload: bytesOf(2_000) }));
  const collected = await client.call('Collect', calls);
  assert.deepEqual(textsOf(collected), [numbers.join(' ')]);
  assert.equal(collected.replies[0]?.received, 100_000);

  const spread = await client.call('Spread', { text: 'n', count: 50, size: 2_000 });
  assert.deepEqual(
    textsOf(spread),
    numbers.map((number) => `n ${number}`),
  );
  assert.ok(spread.replies.every(({ payload }) => payload.equals(bytesOf(2_000))));
  const none = await client.call('Spread', { count: 0 });
  assert.deepEqual([none.replies.length, none.status.code], [0, status.OK]);

  assert.deepEqual(textsOf(await client.call('Chat', calls)), numbers);
}

/** A reply to each call before the next one is sent. */
export async function checkPingPong({ client }: Pair): Promise<void> {
  const chat = client.open('Chat', { text: '0' });
  for (let i = 1; i <= 20; i++) {
    await waitUntil(() => chat.replies.length === i, { what: `${i} replies`, every: 1 });
    assert.equal(chat.replies[i - 1]?.text, String(i - 1));
    if (i < 20) chat.write({ text: String(i) });
  }
  chat.end();
  assert.equal((await chat.ended).status.code, status.OK);
}

export async function checkMetadata({ client, server }: Pair): Promise<void> {
  const bytes = Buffer.from([0, 1, 127, 128, 255]);
  const text = ['first', 'second, with a comma'];
  for (const method of METHODS) {
    const asked = { metadata: { 'x-ask': text, 'x-ask-bin': [bytes, Buffer.alloc(0)], 'x-mixed': ['v'] } };
    const { metadata, status: end } = await client.call(method, { text: 'a', count: 1 }, asked);
    assert.equal(end.code, status.OK);
    const seen = lastCall(server);
    assert.equal(seen.method, method);
    assert.deepEqual(valuesOf(seen.metadata, 'x-ask'), text.join(', '));
    assert.deepEqual(seen.metadata.get('x-mixed'), ['v']);
    assert.deepEqual(valuesOf(metadata, 'x-told'), text.join(', '));
    assert.deepEqual(valuesOf(end.metadata, 'x-ended'), text.join(', '));
    assert.deepEqual(seen.metadata.get('x-ask-bin'), [bytes, Buffer.alloc(0)]);
    assert.deepEqual(metadata.get('x-told-bin'), [bytes, Buffer.alloc(0)]);
    assert.deepEqual(end.metadata.get('x-ended-bin'), [bytes, Buffer.alloc(0)]);
  }
}

/** Each status with its text and its trailers: after replies, after the head alone, and instead of both. */
export async function checkErrors({ client }: Pair): Promise<void> {
  const details = 'grüß dich,\n世界 100 %\t';
  for (let code = 1; code <= 16; code++) {
    const asked = { metadata: { 'x-ask': ['why'], 'x-ask-bin': [Buffer.from([code])] } };
    for (const method of METHODS) {
      const bare = await client.call(method, { code, details }, { metadata: {} });
      assert.deepEqual([bare.status.code, bare.status.details], [code, details], `${method}, no metadata`);
      const told = await client.call(method, { code, details, count: 2 }, asked);
      assert.deepEqual([told.status.code, told.status.details], [code, details], method);
      assert.deepEqual(told.status.metadata.get('x-ended'), ['why']);
      assert.deepEqual(told.status.metadata.get('x-ended-bin'), [Buffer.from([code])]);
      assert.equal(told.replies.length, { Unary: 0, Collect: 0, Spread: 2, Chat: 1 }[method]);
    }
  }
}

/** The server learns how long it has, the client is told in time, and the server that its work is for nothing. */
export async function checkDeadlines({ client, server }: Pair): Promise<void> {
  for (const method of METHODS) {
    const started = performance.now();
    const { status: end } = await client.call(method, { hang: true, count: 1 }, { timeout: 400 });
    const took = performance.now() - started;
    assert.equal(end.code, status.DEADLINE_EXCEEDED);
    assert.ok(took > 390 && took < 4_000, `${method} took ${took} ms`);
    const seen = lastCall(server);
    assert.ok(seen.timeLeft > 0 && seen.timeLeft <= 401, `${method} had ${seen.timeLeft} ms`);
    await waitUntil(() => seen.cancelled, { what: `the server ends ${method}` });
  }
  await client.call('Unary', {});
  assert.equal(lastCall(server).timeLeft, Infinity);
  await client.call('Unary', {}, { timeout: 3_600_000 });
  const { timeLeft } = lastCall(server);
  assert.ok(timeLeft > 3_590_000 && timeLeft <= 3_600_001, `${timeLeft} ms`);
}

export async function checkCancellation({ client, server }: Pair): Promise<void> {
  for (const method of METHODS) {
    const before = server.calls.length;
    const call = client.open(method, { text: 'a', hang: true, count: 2 });
    await waitUntil(() => server.calls.length > before, { what: `${method} arrives` });
    const replies = { Unary: 0, Collect: 0, Spread: 2, Chat: 1 }[method];
    await waitUntil(() => call.replies.length === replies, { what: `${method} has ${replies} replies` });
    call.cancel();
    assert.equal((await call.ended).status.code, status.CANCELLED);
    await waitUntil(() => lastCall(server).cancelled, { what: `the server sees that ${method} is cancelled` });
  }
  // Before anything can have been sent.
  const early = client.open('Chat', { text: 'a' });
  early.cancel();
  assert.equal((await early.ended).status.code, status.CANCELLED);
  assert.equal((await client.call('Unary', { text: 'goes on' })).status.code, status.OK);
}

/** Each larger than all windows together, up, down, both ways and several at a time. */
export async function checkLarge({ client }: Pair): Promise<void> {
  const payload = bytesOf(4 * MIB);
  const checkOne = async (method: Method): Promise<void> => {
    const { replies, status: end } = await client.call(method, { payload, size: 4 * MIB, count: 1 });
    assert.equal(end.code, status.OK, end.details);
    assert.equal(replies.length, 1);
    assert.ok(replies[0]?.payload.equals(payload));
    if (method !== 'Spread') assert.equal(replies[0]?.received, payload.length);
  };
  for (const method of METHODS) await checkOne(method);
  await Promise.all(METHODS.map(checkOne));
}

/** Each gets its own reply; more at a time than a connection takes streams. */
export async function checkConcurrency({ client }: Pair): Promise<void> {
  const texts = Array.from({ length: 600 }, (_, i) => `call ${i}`);
  const all = await Promise.all(texts.map((text) => client.call('Unary', { text })));
  assert.deepEqual(all.flatMap(textsOf), texts);
}

function textsOf({ replies }: Pick<Ended, 'replies'>): string[] {
  return replies.map(({ text }) => text);
}

function lastCall(server: GrpcServer): SeenCall {
  return server.calls.at(-1)!;
}

/** Fields of one name are one list to HTTP, and may be joined on the way. */
function valuesOf(metadata: Metadata, name: string): string {
  return metadata.get(name).join(', ');
}
