import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import tls from 'node:tls';
import { selfSigned } from './testing/self-signed.ts';
import { secureContext, terminateTls, type TlsServerOptions } from './tls-server.ts';

const { certificate, key } = selfSigned('one.test');

function optionsOf(alpn: readonly string[]): TlsServerOptions {
  const context = secureContext(Buffer.from(certificate), Buffer.from(key));
  return { alpn, context: () => context, onFailed: () => {} };
}

/** What a client and the server make of each other. */
async function meet(options: TlsServerOptions, client: tls.ConnectionOptions) {
  const accepted = Promise.withResolvers<tls.TLSSocket>();
  const server = net.createServer((socket) => {
    const encrypted = terminateTls(socket, 'caller', options);
    encrypted.on('error', () => {});
    accepted.resolve(encrypted);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...client });
  const failure = await Promise.race([
    once(socket, 'secureConnect').then(() => ''),
    once(socket, 'error').then(([error]: NodeJS.ErrnoException[]) => error!.code ?? error!.message),
  ]).catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
  return {
    socket,
    failure,
    served: await accepted.promise,
    close: async (): Promise<void> => {
      socket.destroy();
      (await accepted.promise).destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

test('what passes is encrypted on the way and clear behind it', async () => {
  const { socket, served, close } = await meet(optionsOf([]), {});
  assert.equal(socket.getPeerCertificate().subject?.CN, 'one.test');
  assert.ok(['TLSv1.2', 'TLSv1.3'].includes(socket.getProtocol() ?? ''));
  socket.write('hello');
  assert.equal(String((await once(served, 'data'))[0]), 'hello');
  served.end('bye');
  assert.equal(String((await once(socket, 'data'))[0]), 'bye');
  await close();
});

test('of what both speak the best is agreed on', async () => {
  for (const [offered, agreed] of [
    [['http/1.1', 'h2'], 'h2'],
    [['http/1.1'], 'http/1.1'],
    [[], false],
  ] as const) {
    const { socket, served, close } = await meet(optionsOf(['h2', 'http/1.1']), { ALPNProtocols: [...offered] });
    socket.write('hello');
    await once(served, 'data');
    const found = [socket.alpnProtocol, served.alpnProtocol];
    await close();
    assert.deepEqual(found, [agreed, agreed]);
  }
});

test('who speaks nothing of that is let go (RFC 7301, section 3.2)', async () => {
  const { failure, close } = await meet(optionsOf(['h2', 'http/1.1']), { ALPNProtocols: ['spdy/1'] });
  await close();
  assert.match(failure, /NO_APPLICATION_PROTOCOL/);
});

test('nothing older than TLS 1.2', async () => {
  const { failure, close } = await meet(optionsOf([]), {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  await close();
  assert.notEqual(failure, '');
});

test('a certificate and a key that do not belong together are refused', () => {
  const other = selfSigned('two.test');
  assert.throws(() => secureContext(Buffer.from(certificate), Buffer.from(other.key)), /key values mismatch/i);
  assert.throws(() => secureContext(Buffer.from('no certificate'), Buffer.from(key)));
});
