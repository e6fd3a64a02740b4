/**
 * The two messages of a health check, which are too small for a library. Source: grpc/health/v1/health.proto:
 *
 *   message HealthCheckRequest { string service = 1; }
 *   message HealthCheckResponse {
 *     enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
 *     ServingStatus status = 1;
 *   }
 *   service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }
 */

export const HEALTH_CHECK_PATH = '/grpc.health.v1.Health/Check';

const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
export type ServingStatus = (typeof STATUSES)[number];

/** In front of each message: whether it is compressed, and its length. Source: gRPC's PROTOCOL-HTTP2.md. */
const PREFIX = 5;
/** Field 1 as a text, and as a number (varint). */
const SERVICE_TAG = 0x0a;
const STATUS_TAG = 0x08;

/** The content of a call that asks for `service`; '' is the server as a whole. */
export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service);
  // A field that has its default is left out.
  const field = name.length === 0 ? [] : [Buffer.from([SERVICE_TAG, ...varint(name.length)]), name];
  const message = Buffer.concat(field);
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** What the content of the response says; undefined when it is no such response. */
export function decodeHealthResponse(content: Buffer): ServingStatus | undefined {
  if (content.length < PREFIX || content[0] !== 0) return undefined;
  if (content.readUInt32BE(1) !== content.length - PREFIX) return undefined;
  let status = 0;
  let at = PREFIX;
  while (at < content.length) {
    // Nothing else has been defined in ten years; whatever may be some day is not understood.
    if (content[at] !== STATUS_TAG || at + 1 >= content.length) return undefined;
    status = content[at + 1]!;
    at += 2;
  }
  return STATUSES[status];
}

function varint(value: number): number[] {
  const octets: number[] = [];
  for (; value > 0x7f; value >>>= 7) octets.push((value & 0x7f) | 0x80);
  octets.push(value);
  return octets;
}
