import assert from 'node:assert/strict';
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
