import type net from 'node:net';
import type { TLSSocket } from 'node:tls';

/** A client may take this long for its handshake. */
const HANDSHAKE_MS = 10_000;

/** What happened, and what to look at. */
interface Trouble {
  readonly what: string;
  readonly hint: string;
}

/** Why a handshake did not come about, for people. */
export interface HandshakeFailure {
  readonly reason: string;
  readonly hint: string;
}

const NO_TLS: Trouble = {
  what: 'what the caller sends is not TLS',
  hint: 'call this port with TLS, or take tls out of the listener',
};
const NOT_TRUSTED: Trouble = {
  what: 'the caller does not trust this certificate',
  hint: 'does the caller know the root that signed it, and does the file hold those between them?',
};
const NOT_VALID: Trouble = {
  what: 'the caller refuses this certificate',
  hint: 'is it valid today, and for the name that the caller uses?',
};
const NO_VERSION: Trouble = {
  what: 'the caller has no version of TLS in common with this listener, which takes 1.2 and 1.3',
  hint: 'update the caller, or what it is set to',
};
const NO_CIPHER: Trouble = {
  what: 'the caller has no cipher in common with this listener',
  hint: 'look at what the caller is set to, and at the kind of key of the certificate',
};
const NO_PROTOCOL: Trouble = {
  what: 'the caller offers in ALPN nothing that this listener speaks',
  hint: 'look at http.versions of the listener',
};
const LEFT: Trouble = {
  what: 'the caller left before the end of it',
  hint: 'look at the log of the caller: some leave like this when they do not trust the certificate',
};

/** By what node calls them. */
const ERRORS: Readonly<Record<string, Trouble>> = {
  ERR_SSL_HTTP_REQUEST: { what: 'plain HTTP was sent to a port of TLS', hint: 'call it with https://' },
  ERR_SSL_HTTPS_PROXY_REQUEST: { what: 'plain HTTP was sent to a port of TLS', hint: 'call the proxy with https://' },
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: NO_VERSION,
  ERR_SSL_NO_SHARED_CIPHER: NO_CIPHER,
  ERR_SSL_NO_SUITABLE_KEY_SHARE: NO_CIPHER,
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: NO_CIPHER,
  ERR_SSL_NO_APPLICATION_PROTOCOL: NO_PROTOCOL,
  ECONNRESET: LEFT,
  EPIPE: LEFT,
};

/** What the caller itself says is wrong (RFC 8446, section 6.2). OpenSSL writes TLSV1_ALERT, or SSL/TLS_ALERT, before it. */
const ALERTS: Readonly<Record<string, Trouble>> = {
  UNKNOWN_CA: NOT_TRUSTED,
  BAD_CERTIFICATE: NOT_TRUSTED,
  CERTIFICATE_UNKNOWN: NOT_TRUSTED,
  UNSUPPORTED_CERTIFICATE: NOT_VALID,
  CERTIFICATE_EXPIRED: NOT_VALID,
  CERTIFICATE_REVOKED: NOT_VALID,
  PROTOCOL_VERSION: NO_VERSION,
  HANDSHAKE_FAILURE: NO_CIPHER,
  INSUFFICIENT_SECURITY: NO_CIPHER,
};

const ALERT = /_ALERT_(\w+)$/;

export function handshakeFailure(error: { readonly code?: string; readonly message: string }): HandshakeFailure {
  const { code = '', message } = error;
  const alert = ALERT.exec(code)?.[1] ?? '';
  const trouble = Object.hasOwn(ERRORS, code) ? ERRORS[code] : Object.hasOwn(ALERTS, alert) ? ALERTS[alert] : undefined;
  // OpenSSL's own message names files and lines of its sources.
  if (trouble === undefined) return { reason: code === '' ? message : code, hint: 'look at the log of the caller' };
  return { reason: `${trouble.what} (${code})`, hint: trouble.hint };
}

/**
 * Ends a handshake that takes too long, or that the caller leaves, and tells of every one that fails. Not told of: who
 * leaves without a word, as those do that only look whether the port is open, and what this side closes.
 *
 * @param socket what `encrypted` lies on
 */
export function watchHandshake(
  encrypted: TLSSocket,
  socket: net.Socket,
  failed: (failure: HandshakeFailure) => void,
): void {
  let over = false;
  const fail = (failure: HandshakeFailure): void => {
    if (!over) failed(failure);
    over = true;
  };
  encrypted.setTimeout(HANDSHAKE_MS, () => {
    const said = socket.bytesRead > 0 ? 'began one and did not go on' : 'said nothing';
    fail({ reason: `no handshake in ${HANDSHAKE_MS / 1000} s: the caller ${said}`, hint: 'does it speak TLS?' });
    encrypted.destroy(new Error('no TLS handshake'));
  });
  encrypted.once('secure', () => {
    over = true;
    encrypted.setTimeout(0);
  });
  encrypted.once('error', (error: NodeJS.ErrnoException) => {
    if (socket.bytesRead > 0) fail(handshakeFailure(error));
  });
  encrypted.once('end', () => {
    if (over) return;
    if (socket.bytesRead > 0) fail({ reason: LEFT.what, hint: LEFT.hint });
    encrypted.destroy();
  });
}
