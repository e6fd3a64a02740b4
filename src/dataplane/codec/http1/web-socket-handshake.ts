/**
 * The part of WebSocket's handshake that HTTP/2 does not have (RFC 8441, section 5): who passes one on
 * to HTTP/1 makes a key, who passes one back to HTTP/1 answers it. RFC 6455, section 4.
 *
 * node:crypto is loaded when it is first needed: few sidecars do.
 */

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** A `sec-websocket-key`: 16 octets of chance in base64. */
export function webSocketKey(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(16).toString('base64');
}

/** The `sec-websocket-accept` that answers `key`. */
export function webSocketAccept(key: string): string {
  return process
    .getBuiltinModule('node:crypto')
    .createHash('sha1')
    .update(key + GUID)
    .digest('base64');
}
