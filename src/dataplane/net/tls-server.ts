import type net from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { type HandshakeFailure, watchHandshake } from './tls-handshake.ts';

export type { SecureContext };

export interface CertificateSource {
  /** Asked for each connection: certificates are renewed. */
  context(): SecureContext;
}

/** How a listener terminates TLS. */
export interface TlsServerOptions extends CertificateSource {
  /** What is offered in ALPN (RFC 7301), the best first; empty to offer nothing. Asked for each connection. */
  readonly alpn: readonly string[];
  /** A caller's handshake did not come about; see `watchHandshake`. */
  onFailed(failure: HandshakeFailure, remote: string): void;
}

/**
 * @param certificate PEM, with those that lead to its root behind it.
 * @param key PEM.
 * @throws Error of OpenSSL's when they are not that, or do not belong together.
 */
export function secureContext(certificate: Buffer, key: Buffer): SecureContext {
  // Few sidecars terminate TLS themselves: the others do not pay for it.
  return process.getBuiltinModule('node:tls').createSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' });
}

/**
 * The encrypted side of an accepted connection. What is read from the result is in clear text.
 *
 * @param remote who it is, for people
 */
export function terminateTls(socket: net.Socket, remote: string, options: TlsServerOptions): TLSSocket {
  const { TLSSocket: Tls } = process.getBuiltinModule('node:tls');
  const encrypted = new Tls(socket, {
    isServer: true,
    secureContext: options.context(),
    ...(options.alpn.length > 0 && { ALPNProtocols: [...options.alpn] }),
  });
  watchHandshake(encrypted, socket, (failure) => options.onFailed(failure, remote));
  return encrypted;
}
