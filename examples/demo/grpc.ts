/**
 * As much of gRPC and protobuf as demo.Greeter/SayHello needs, so that the demo needs no package for it:
 *
 *   message HelloRequest { string name = 1; }
 *   message HelloReply { string message = 1; }
 */

export const SAY_HELLO = '/demo.Greeter/SayHello';
export const GRPC_TYPE = 'application/grpc';
export const GRPC_OK = 0;
export const GRPC_UNIMPLEMENTED = 12;

/** Octet 0 says whether the message is compressed, the next four its length. */
const PREFIX = 5;
/** Field 1, of a length that is told: what both messages consist of. */
const STRING_FIELD_1 = 0x0a;
/** Longer texts have a length of more than one octet. */
const MAX_TEXT = 127;

/** A message with one text, with the prefix of gRPC. */
export function encodeMessage(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length > MAX_TEXT) throw new Error(`the demo's texts have at most ${MAX_TEXT} octets`);
  const message = Buffer.from([0, 0, 0, 0, bytes.length + 2, STRING_FIELD_1, bytes.length]);
  return Buffer.concat([message, bytes]);
}

/** The text of the one message in a request or a response. */
export function decodeMessage(body: Buffer): string {
  const message = body.subarray(PREFIX);
  if (body.length < PREFIX || body[0] !== 0 || body.readUInt32BE(1) !== message.length) {
    throw new Error('the content is not one plain message of gRPC');
  }
  if (message[0] !== STRING_FIELD_1 || message[1] !== message.length - 2) {
    throw new Error('the message does not have the shape of the demo');
  }
  return message.toString('utf8', 2);
}
