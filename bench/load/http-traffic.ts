/** The host that the load asks for: the name of the cluster that a proxy sends it to. */
export const HTTP_HOST = 'echo';

/** A request with this path is answered with this body, unless something on the way fails. */
export type Exchange = { path: string; reply: Buffer };

/** The query parameter that the HTTP/1 backend repeats in front of the small reply. */
export const MARK = 'mark';
/** Hexadecimal digits; the first half is the connection's number, the second the request's. */
export const MARK_LENGTH = 16;
const NO_MARK = '0'.repeat(MARK_LENGTH);

/** Follows the mark in every small reply. */
export const SMALL_FILLER = 'weft'.repeat(28);

/** A small reply that repeats the mark, so that one that went to the wrong caller is noticed. */
export const SMALL: Exchange = exchangeOf(NO_MARK);

export function exchangeOf(mark: string): Exchange {
  return { path: `/small?${MARK}=${mark}`, reply: Buffer.from(`${mark}${SMALL_FILLER}`, 'latin1') };
}

export const BODY: Exchange = { path: '/body', reply: pattern(2 ** 20) };

const MESSAGE_LENGTH = 128;

/** A unary call: the message of the request and that of the reply are the same, prefixed as gRPC has it. */
export const RPC: Exchange = { path: '/demo.Echo/Say', reply: grpcMessage(pattern(MESSAGE_LENGTH)) };

export const GRPC_REQUEST_FIELDS = { 'content-type': 'application/grpc', te: 'trailers' } as const;

/** Length-Prefixed-Message: not compressed, the length in four bytes, the bytes. */
function grpcMessage(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
}
