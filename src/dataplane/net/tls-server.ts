import type net from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';

export type { SecureContext };

export interface CertificateSource {
  /** Asked for each connection: certificates are renewed. */
  context(): SecureContext;
}

/** How a listener terminates TLS. */
export interface TlsServerOptions extends CertificateSource {
  /** What is offered in ALPN (RFC 7301), the best first; empty to offer nothing. Asked for each connection. */
  readonly alpn: readonly string[];
}

/** A client may take this long for its handshake. */
const HANDSHAKE_MS = 10_000;

/**
 * @param certificate PEM, with those that lead to its root behind it.
 * @param key PEM.
 * @throws Error of OpenSSL's when they are not that, or do not belong together.
 */
export function secureContext(certificate: Buffer, key: Buffer): SecureContext {
  // Few sidecars terminate TLS themselves: the others do not pay for it.
  return process.getBuiltinModule('node:tls').createSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' });
}

/** The encrypted side of an accepted connection. What is read from the result is in clear text. */
export function terminateTls(socket: net.Socket, options: TlsServerOptions): TLSSocket {
  const { TLSSocket: Tls } = process.getBuiltinModule('node:tls');
  const encrypted = new Tls(socket, {
    isServer: true,
    secureContext: options.context(),
    ...(options.alpn.length > 0 && { ALPNProtocols: [...options.alpn] }),
  });
  encrypted.setTimeout(HANDSHAKE_MS, () => encrypted.destroy(new Error('no TLS handshake')));
  encrypted.once('secure', () => encrypted.setTimeout(0));
  return encrypted;
}
