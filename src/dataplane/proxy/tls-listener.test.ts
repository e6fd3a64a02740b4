import assert from 'node:assert/strict';
import { once } from 'node:events';
import tls from 'node:tls';
import { until } from '../../core/testing/settled.ts';
import { selfSigned } from '../net/testing/self-signed.ts';
import { secureContext } from '../net/tls-server.ts';
import { type HttpMesh, type HttpMeshOptions, httpTests } from './testing/http-mesh.ts';

const httpTest = httpTests('TLS');

const certified = selfSigned('shop');
const context = secureContext(Buffer.from(certified.certificate), Buffer.from(certified.key));
const TLS: HttpMeshOptions = { tls: { context: () => context } };

function failures(mesh: HttpMesh): string | undefined {
  return /^weft_tls_handshake_failures_total\{listener="web"\} (\d+)$/m.exec(mesh.parts.metrics.render())?.[1];
}

httpTest('a handshake that fails is counted, and told of at debug', TLS, async (mesh) => {
  mesh.parts.logControl.level = 'debug';
  assert.equal(failures(mesh), '0');
  const caller = await mesh.caller();
  caller.send('GET / HTTP/1.1\r\nHost: shop\r\n\r\n');
  await until('the end', () => caller.ended);
  await until('it is closed', () => mesh.listener.connections === 0);
  assert.equal(failures(mesh), '1');
  const line = mesh.parts.logged.find((one) => one.includes('a TLS handshake failed'));
  assert.match(line ?? '', /"listener":"web".*plain HTTP was sent to a port of TLS \(ERR_SSL_HTTP_REQUEST\)/);
});

httpTest('who only looks whether the port is open is not counted', TLS, async (mesh) => {
  const caller = await mesh.caller();
  await until('the connection', () => mesh.listener.connections === 1);
  caller.socket.end();
  await until('it is closed', () => mesh.listener.connections === 0);
  assert.equal(failures(mesh), '0');
});

const TUNNEL: HttpMeshOptions = { ...TLS, tcp: { idleTimeout: 0 }, detectTimeout: 3000 };

httpTest('who leaves in the middle of a handshake gets no tunnel', TUNNEL, async (mesh) => {
  const server = await mesh.textService();
  const caller = await mesh.caller();
  caller.socket.end(Buffer.from('1603010200010001', 'hex'));
  await until('it is counted', () => failures(mesh) === '1');
  await until('it is closed', () => mesh.listener.connections === 0);
  assert.equal(server.peers.length, 0);
});

httpTest('without TLS there is nothing to count', {}, async (mesh) => {
  assert.equal(failures(mesh), undefined);
});

/** The fatal alert protocol_version. */
const ALERT = '15030100020246';

const CLEAR: Readonly<Record<string, HttpMeshOptions>> = {
  'a listener of HTTP': {},
  'a listener of HTTP/2 alone': { versions: ['http2'] },
  'a listener of Bolt and HTTP': { bolt: true, detectTimeout: 3000 },
};

for (const [name, options] of Object.entries(CLEAR)) {
  httpTest(`${name} answers TLS with an alert, and the log says once what to do`, options, async (mesh) => {
    mesh.parts.logControl.level = 'warn';
    for (let i = 0; i < 2; i++) {
      const caller = await mesh.caller();
      caller.send(Buffer.from('1603010200010001fc0303', 'hex'));
      assert.equal(Buffer.from(await caller.toEnd(), 'latin1').toString('hex'), ALERT);
      caller.send('what of it came later');
      caller.socket.end();
      await until('it is closed', () => mesh.listener.connections === 0);
    }
    assert.equal(mesh.parts.logged.length, 1);
    assert.match(mesh.parts.logged[0]!, /a caller speaks TLS to a listener without it.*"listener":"web".*add tls/);
  });
}

httpTest('a client of TLS takes that for what it is', {}, async (mesh) => {
  const socket = tls.connect({ port: mesh.listener.port, host: '127.0.0.1' });
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
  await until('it is closed', () => mesh.listener.connections === 0);
});

httpTest('who does not close after the alert is let go', { idleTimeout: 60_000 }, async (mesh) => {
  const caller = await mesh.caller();
  caller.send(Buffer.from('160301', 'hex'));
  await caller.toEnd();
  await mesh.adjust({ idleTimeout: 60_000 });
  await mesh.pass(1500);
  await until('it is closed', () => mesh.listener.connections === 0);
});

httpTest('TLS within TLS is answered inside of it', TLS, async (mesh) => {
  const socket = tls.connect({ port: mesh.listener.port, host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.write(Buffer.from('1603010200010001fc0303', 'hex'));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(String(answer), /^HTTP\/1\.1 400 /);
  socket.destroy();
  await until('it is closed', () => mesh.listener.connections === 0);
});
