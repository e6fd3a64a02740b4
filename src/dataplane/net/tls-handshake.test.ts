import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { Duplex } from 'node:stream';
import { selfSigned } from './testing/self-signed.ts';
import { handshakeFailure } from './tls-handshake.ts';
import { secureContext, terminateTls } from './tls-server.ts';

const { certificate, key } = selfSigned('one.test');
const context = secureContext(Buffer.from(certificate), Buffer.from(key));

/** What is told of the handshake with a client that does `act`, after its connection is gone. */
async function told(act: (socket: net.Socket) => void): Promise<string[]> {
  const failures: string[] = [];
  const server = net.createServer({ allowHalfOpen: true });
  server.on('connection', (socket) => {
    const encrypted = terminateTls(socket, 'caller', {
      alpn: ['h2'],
      context: () => context,
      onFailed: ({ reason, hint }, remote) => void failures.push(`${remote}: ${reason}; ${hint}`),
    });
    encrypted.on('error', () => {});
    encrypted.resume();
    encrypted.once('end', () => encrypted.end());
    encrypted.once('close', () => server.close());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.once('connect', () => act(socket));
  await once(server, 'close');
  socket.destroy();
  return failures;
}

function client(options: tls.ConnectionOptions): (socket: net.Socket) => void {
  return (socket) => {
    const encrypted = tls.connect({ socket, rejectUnauthorized: false, ...options });
    encrypted.on('error', () => {});
    encrypted.once('secureConnect', () => encrypted.end());
  };
}

/** The first record of a client of TLS 1.2. */
async function clientHello(): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const wire = new Duplex({ read: () => {}, write: (chunk: Buffer) => resolve(chunk) });
  const encrypted = tls.connect({ socket: wire, maxVersion: 'TLSv1.2' });
  encrypted.on('error', () => {});
  const hello = await promise;
  encrypted.destroy();
  wire.destroy();
  return hello;
}

function says(bytes: string | Buffer): (socket: net.Socket) => void {
  return (socket) => void socket.write(bytes);
}

test('of a handshake that comes about nothing is told', async () => {
  assert.deepEqual(await told(client({})), []);
  assert.deepEqual(await told(client({ maxVersion: 'TLSv1.2' })), []);
});

test('what is not TLS is told, plain HTTP by its name', async () => {
  assert.deepEqual(await told(says('GET / HTTP/1.1\r\nHost: one.test\r\n\r\n')), [
    'caller: plain HTTP was sent to a port of TLS (ERR_SSL_HTTP_REQUEST); call it with https://',
  ]);
  assert.deepEqual(await told(says('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')), [
    'caller: what the caller sends is not TLS (ERR_SSL_WRONG_VERSION_NUMBER); ' +
      'call this port with TLS, or take tls out of the listener',
  ]);
});

test('it is told where the two have no version, cipher or protocol in common', async () => {
  const old = client({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  assert.match(
    (await told(old)).join(),
    /no version of TLS in common.* 1\.2 and 1\.3 \(ERR_SSL_UNSUPPORTED_PROTOCOL\)/,
  );
  const cipher = client({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' });
  assert.match((await told(cipher)).join(), /no cipher in common .*\(ERR_SSL_NO_SHARED_CIPHER\)/);
  assert.match((await told(client({ ALPNProtocols: ['spdy/1'] }))).join(), /offers in ALPN nothing .*http\.versions/);
});

test('a caller that does not trust the certificate is told of, whether it says so or just leaves', async () => {
  const hello = await clientHello();
  const distrust = (alert: number) => (socket: net.Socket) => {
    socket.write(hello);
    socket.once('data', () => socket.write(Buffer.from([21, 3, 3, 0, 2, 2, alert])));
  };
  assert.match((await told(distrust(48))).join(), /does not trust this certificate \(ERR_SSL_TLSV1_ALERT_UNKNOWN_CA\)/);
  assert.match(
    (await told(distrust(42))).join(),
    /does not trust this certificate \(ERR_SSL_.*_ALERT_BAD_CERTIFICATE\)/,
  );
  assert.match((await told(distrust(45))).join(), /refuses this certificate \(ERR_SSL_.*_ALERT_CERTIFICATE_EXPIRED\)/);
  const leaves = client({ rejectUnauthorized: true, minVersion: 'TLSv1.3' });
  assert.match((await told(leaves)).join(), /^caller: the caller left before the end of it; .*do not trust/);
});

test('who leaves without a word is not told of, who leaves in the middle is', async () => {
  assert.deepEqual(await told((socket) => socket.end()), []);
  assert.deepEqual(await told((socket) => socket.resetAndDestroy()), []);
  assert.match(
    (await told((socket) => socket.end(Buffer.from('1603010200010001', 'hex')))).join(),
    /left before the end/,
  );
});

test('of what has no words the code is told, and nothing of the sources of OpenSSL', () => {
  const message = '40:error:0A000126:SSL routines::unexpected eof:ssl/record/rec_layer_s3.c:692:\n';
  assert.equal(handshakeFailure({ code: 'ERR_SSL_UNEXPECTED_EOF', message }).reason, 'ERR_SSL_UNEXPECTED_EOF');
  assert.equal(handshakeFailure({ message: 'gone' }).reason, 'gone');
});
