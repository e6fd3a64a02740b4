const HEX = '0123456789ABCDEF';

/** `%20` to `%7E`, but for `%` itself, go as they are. Source: gRPC's PROTOCOL-HTTP2.md, "Responses". */
function isPlain(code: number): boolean {
  return code >= 0x20 && code <= 0x7e && code !== 0x25;
}

/** The value of a `grpc-message`: UTF-8, then percent-encoded. */
export function encodeGrpcMessage(text: string): string {
  if (isPlainText(text)) return text;
  const bytes = Buffer.from(text, 'utf8');
  const last = bytes.length - 1;
  let value = '';
  for (let at = 0; at <= last; at++) {
    const octet = bytes[at]!;
    // A blank at either end is not part of a field's value (RFC 9110, section 5.5).
    const plain = isPlain(octet) && !(octet === 0x20 && (at === 0 || at === last));
    value += plain ? String.fromCharCode(octet) : `%${HEX[octet >> 4]}${HEX[octet & 15]}`;
  }
  return value;
}

function isPlainText(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (!isPlain(text.charCodeAt(at))) return false;
  return !text.startsWith(' ') && !text.endsWith(' ');
}

/** Reads the value of a `grpc-message`, one character for each octet. What is badly encoded stays as it is. */
export function decodeGrpcMessage(value: string): string {
  const bytes = Buffer.from(value, 'latin1');
  let length = 0;
  for (let at = 0; at < value.length; at++) {
    const octet = value.charCodeAt(at) === 0x25 ? hexOctet(value, at + 1) : -1;
    bytes[length++] = octet < 0 ? value.charCodeAt(at) : octet;
    if (octet >= 0) at += 2;
  }
  return bytes.toString('utf8', 0, length);
}

/** What the two digits at `at` stand for, or -1 when they are none. */
function hexOctet(value: string, at: number): number {
  const digits = value.slice(at, at + 2);
  return /^[0-9a-f]{2}$/i.test(digits) ? Number.parseInt(digits, 16) : -1;
}
