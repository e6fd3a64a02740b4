import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import type { DescService } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import type { Owner } from '../support/children.ts';
import { startGrpcServer } from '../support/grpc/grpc-server.ts';
import { callsDescriptor } from '../support/grpc/grpc-service.ts';
import { cluster, startHttpProxy } from '../support/http-mesh.ts';

/** The client that browsers use (connect-web over fetch, HTTP/1.1), a server of grpc-js, and a proxy between them. */

function loadService(): DescService {
  const registry = createFileRegistry(fromBinary(FileDescriptorProtoSchema, callsDescriptor()), () => undefined);
  return registry.getService('demo.Calls')!;
}

/** Its methods by name: the types of connect are made from generated code, of which there is none here. */
type AnyClient = Readonly<Record<string, (request: object, options?: object) => unknown>>;

async function openClient(owner: Owner, provider: number, http: object = {}): Promise<AnyClient> {
  // fetch names no other host than the one it connects to.
  const clusters = [cluster('127.0.0.1', provider)];
  const proxy = await startHttpProxy(owner, { clusters, listener: { http } });
  const transport = createGrpcWebTransport({ baseUrl: `http://127.0.0.1:${proxy.port}` });
  return createClient(loadService(), transport);
}

test('a unary call, with metadata both ways', async (t) => {
  const server = await startGrpcServer(t);
  const client = await openClient(t, server.port);
  const told: Record<string, string | null> = {};
  const reply = (await client['unary']!(
    { text: 'hello', size: 100_000 },
    {
      headers: { 'x-asked': 'yes' },
      onHeader: (headers: Headers) => (told['type'] = headers.get('content-type')),
    },
  )) as { readonly text: string; readonly payload: Uint8Array };
  assert.equal(reply.text, 'hello');
  assert.equal(reply.payload.length, 100_000);
  assert.match(told['type'] ?? '', /^application\/grpc-web\+proto/);
  assert.deepEqual(server.calls[0]!.metadata.get('x-asked'), ['yes']);
});

test('replies of a stream come as they are sent, and then its status', async (t) => {
  const server = await startGrpcServer(t);
  const client = await openClient(t, server.port);
  const texts: string[] = [];
  const read = async (): Promise<void> => {
    const replies = client['spread']!({ text: 'r', count: 3, code: Code.DataLoss, details: 'lost: 100 %, ä' });
    for await (const { text } of replies as AsyncIterable<{ readonly text: string }>) texts.push(text);
  };
  await assert.rejects(read, (error) => {
    assert.ok(error instanceof ConnectError);
    assert.equal(error.code, Code.DataLoss);
    assert.equal(error.rawMessage, 'lost: 100 %, ä');
    return true;
  });
  assert.equal(texts.length, 3);
});

test('a call that the service refuses, and one that does not reach it', async (t) => {
  const server = await startGrpcServer(t);
  const client = await openClient(t, server.port);
  const code = async (request: object): Promise<Code> => {
    const error: unknown = await Promise.resolve(client['unary']!(request)).catch((failure: unknown) => failure);
    assert.ok(error instanceof ConnectError);
    return error.code;
  };
  assert.equal(await code({ code: Code.PermissionDenied }), Code.PermissionDenied);
  server.kill();
  assert.equal(await code({}), Code.Unavailable);
});

test('grpcWeb: false leaves it to the app', async (t) => {
  const server = await startGrpcServer(t);
  const client = await openClient(t, server.port, { grpcWeb: false });
  // grpc-js takes no grpc-web.
  await assert.rejects(Promise.resolve(client['unary']!({})), ConnectError);
});
