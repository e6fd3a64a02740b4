import assert from 'node:assert/strict';
import { until } from '../../../core/testing/settled.ts';
import { httpTests } from '../testing/http-mesh.ts';
import { deadPort } from '../../upstream/testing/text-peer.ts';

const httpTest = httpTests('grpc-web exchange');

const GRPC = ['content-type', 'application/grpc+proto'];
const MESSAGE = '\0\0\0\0\x05hello';
const TO_HTTP2 = { policy: { http: { version: 'http2' } } } as const;

/** A frame of the body, as gRPC's PROTOCOL-WEB.md has it. */
function frame(flags: number, content: string): string {
  const head = Buffer.from([flags, 0, 0, 0, content.length]);
  return head.toString('latin1') + content;
}

function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64');
}

function decoded(text: string): string {
  return text.replaceAll(/[\w+/]+={0,2}/g, (part) => Buffer.from(part, 'base64').toString('latin1'));
}

function call(type: string, body: string): string {
  return `POST /a.B/C HTTP/1.1\r\nHost: shop\r\nContent-Type: ${type}\r\nX-Grpc-Web: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

const TRAILERS = frame(0x80, 'grpc-status: 0\r\ngrpc-message: fine\r\n');

for (const version of ['same', 'http2'] as const) {
  httpTest(
    `over HTTP/1, binary, to a cluster that speaks ${version}`,
    { policy: { http: { version } } },
    async (mesh) => {
      const server = await mesh.http2Service();
      const caller = await mesh.caller();
      for (let i = 0; i < 2; i++) {
        caller.send(call('application/grpc-web+proto', MESSAGE));
        const request = await server.served(i);
        await until('its end', () => request.ended);
        assert.deepEqual(
          [request.content, request.field('content-type'), request.field('te')],
          [MESSAGE, 'application/grpc+proto', 'trailers'],
        );
        request.answer(200, MESSAGE, ['grpc-status', '0', 'grpc-message', 'fine'], GRPC);
        const response = await caller.message();
        assert.equal(response.field('content-type'), 'application/grpc-web+proto');
        assert.equal(response.body, MESSAGE + TRAILERS);
      }
    },
  );
}

httpTest('over HTTP/1, text, cut at every octet', TO_HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.caller();
  const body = base64(MESSAGE);
  for (let cut = 1; cut < body.length; cut++) {
    const whole = call('application/grpc-web-text+proto', body);
    const at = whole.length - body.length + cut;
    caller.send(whole.slice(0, at));
    const request = await server.served(cut - 1);
    caller.send(whole.slice(at));
    await until('its end', () => request.ended);
    assert.equal(request.content, MESSAGE, `cut at ${cut}`);
    assert.equal(request.field('content-length'), undefined);
    request.answer(200, MESSAGE, ['grpc-status', '0', 'grpc-message', 'fine'], GRPC);
    const response = await caller.message();
    assert.equal(response.field('content-type'), 'application/grpc-web-text+proto');
    assert.equal(decoded(response.body), MESSAGE + TRAILERS);
  }
});

httpTest('over HTTP/2, in both kinds', {}, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.http2Caller();
  for (const [i, kind] of ['application/grpc-web', 'application/grpc-web-text'].entries()) {
    const isText = kind.endsWith('text');
    const request = caller.request('/a.B/C', ['content-type', kind], false);
    request.send(isText ? base64(MESSAGE) : MESSAGE, true);
    const served = await server.served(i);
    await until('its end', () => served.ended);
    assert.equal(served.content, MESSAGE);
    served.answer(200, MESSAGE, ['grpc-status', '0', 'grpc-message', 'fine'], GRPC);
    assert.equal(await request.status(), 200);
    assert.deepEqual(request.trailers, []);
    assert.equal(isText ? decoded(request.content) : request.content, MESSAGE + TRAILERS);
  }
});

httpTest('a call that ends with its head has its status there', TO_HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.caller();
  caller.send(call('application/grpc-web', MESSAGE));
  (await server.served(0)).answer(200, '', [], [...GRPC, 'grpc-status', '5', 'content-length', '0']);
  const response = await caller.message();
  assert.deepEqual([response.field('grpc-status'), response.body], ['5', '']);
  assert.equal(response.field('content-type'), 'application/grpc-web+proto');
  assert.deepEqual(mesh.cluster.stats.totals(), { ok: 0, error: 1 });
  caller.send(call('application/grpc-web', MESSAGE));
  (await server.served(1)).answer(200, '', ['grpc-status', '0'], GRPC);
  assert.equal((await caller.message()).body, frame(0x80, 'grpc-status: 0\r\n'));
});

httpTest('a response that says its length says another to the caller', TO_HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.caller();
  caller.send(call('application/grpc-web', MESSAGE));
  const length = ['content-length', String(MESSAGE.length)];
  (await server.served(0)).answer(200, MESSAGE, ['grpc-status', '0'], [...GRPC, ...length]);
  const response = await caller.message();
  assert.equal(response.field('content-length'), undefined);
  assert.equal(response.body, MESSAGE + frame(0x80, 'grpc-status: 0\r\n'));
});

httpTest('where nobody answers, it is told in its own kind', {}, async (mesh) => {
  mesh.endpoints({ port: await deadPort() });
  const caller = await mesh.caller();
  caller.send(call('application/grpc-web', MESSAGE));
  const response = await caller.message();
  assert.match(response.head, /^HTTP\/1.1 200 /);
  assert.deepEqual(
    [response.field('grpc-status'), response.field('content-type')],
    ['14', 'application/grpc-web+proto'],
  );
});

httpTest('text that is no base64, and half of it, is a failure of the call', TO_HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  for (const body of ['####', 'AAAAA']) {
    const caller = await mesh.caller();
    caller.send(call('application/grpc-web-text', body));
    const response = await caller.message();
    assert.match(response.head, /^HTTP\/1.1 200 /);
    assert.notEqual(response.field('grpc-status') ?? '0', '0');
    const other = await mesh.http2Caller();
    const request = other.request('/a.B/C', ['content-type', 'application/grpc-web-text'], false);
    request.send(body, true);
    assert.equal(await request.status(), 200);
    assert.notEqual(request.field('grpc-status') ?? '0', '0');
  }
  await until('the endpoint knows', () => server.requests.every(({ reset, ended }) => reset !== undefined || ended));
});

httpTest('a stream that breaks off says why in its body', TO_HTTP2, async (mesh) => {
  const server = await mesh.http2Service();
  const caller = await mesh.caller();
  caller.send(call('application/grpc-web', MESSAGE));
  const request = await server.served(0);
  request.stream.sendHead([':status', '200', ...GRPC], false);
  request.send(MESSAGE);
  await caller.upTo('hello\r\n');
  server.peers[0]!.socket.destroy();
  await caller.upTo('grpc-status: 14\r\n');
  await caller.upTo('0\r\n\r\n');
});
