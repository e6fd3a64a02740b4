import type { ByteSink, LocalFailure } from '../../message/frame.ts';
import { crc32 } from './crc.ts';
import type { BoltFrame } from './frame.ts';
import { encodeHeaders } from './headers.ts';
import { statusOf } from './status.ts';
import * as wire from './wire.ts';

/** How long the peer may take to answer a heartbeat, as the frame says it. */
const HEARTBEAT_TIMEOUT_MS = 3000;

/** The header by which a sidecar tells the next one that it, not the service, answered. */
export const FAILURE_CODE_HEADER = 'weft.failure';
/** Beside it, when the service has certainly not seen the request. */
export const FAILURE_UNSENT_HEADER = 'weft.unsent';

/** The fields of a frame to build. Lengths are taken from the parts. */
export interface FrameFields {
  protocol: 1 | 2;
  /** v2 only: 1, or 2 for a frame that may carry a checksum. */
  version?: number;
  /** v2 only: bit 0 asks for a checksum when the version is 2. */
  switches?: number;
  type: number;
  command: number;
  id: number;
  serializer?: number;
  /** Requests: milliseconds. */
  timeout?: number;
  /** Responses. */
  status?: number;
  className?: Uint8Array;
  headers?: Uint8Array;
  content?: Uint8Array;
}

/**
 * Carried by every heartbeat of ours: the sender understands command 100. SOFABolt and
 * sofa-bolt-node do not, and drop a connection on which they see it, so goaway is sent only to
 * those who said this. Both ignore the headers of a heartbeat.
 */
export const GOAWAY_HEADER = 'weft.goaway';

const NOTHING = new Uint8Array(0);
const HEARTBEAT_HEADERS = encodeHeaders([[GOAWAY_HEADER, 'true']]);

/** Writes one whole frame, its checksum included. */
export function encodeFrame(out: ByteSink, fields: FrameFields): void {
  const { className = NOTHING, headers = NOTHING, content = NOTHING } = fields;
  const v2 = fields.protocol === wire.PROTOCOL_V2;
  const response = fields.type === wire.TYPE_RESPONSE;
  const version = v2 ? (fields.version ?? 1) : 0;
  const switches = fields.switches ?? 0;
  const checksum = version === wire.VERSION_WITH_CRC && (switches & wire.SWITCH_CRC) !== 0;
  const head = wire.headLength(v2, response);
  const covered = head + className.length + headers.length + content.length;
  const start = out.reserve(covered + (checksum ? wire.CRC_LENGTH : 0));
  const bytes = out.target;
  let at = start;
  bytes[at++] = fields.protocol;
  if (v2) bytes[at++] = version;
  bytes[at++] = fields.type;
  wire.writeU16(bytes, at, fields.command);
  bytes[at + 2] = wire.COMMAND_VERSION;
  wire.writeU32(bytes, at + 3, fields.id);
  bytes[at + 7] = fields.serializer ?? wire.SERIALIZER_HESSIAN2;
  at += 8;
  if (v2) bytes[at++] = switches;
  if (response) {
    wire.writeU16(bytes, at, fields.status ?? 0);
    at += 2;
  } else {
    wire.writeU32(bytes, at, fields.timeout ?? 0);
    at += 4;
  }
  wire.writeU16(bytes, at, className.length);
  wire.writeU16(bytes, at + 2, headers.length);
  wire.writeU32(bytes, at + 4, content.length);
  at += 8;
  bytes.set(className, at);
  bytes.set(headers, at + className.length);
  bytes.set(content, at + className.length + headers.length);
  if (checksum) writeChecksum(bytes, start, start + covered);
}

/** Copies a well-formed frame with another id: four bytes, and the checksum if there is one. */
export function forwardFrame(out: ByteSink, bytes: Buffer, start: number, end: number, id: number): void {
  const at = out.reserve(end - start);
  const target = out.target;
  bytes.copy(target, at, start, end);
  if (target[at] === wire.PROTOCOL_V1) {
    wire.writeU32(target, at + wire.ID_OFFSET_V1, id);
    return;
  }
  wire.writeU32(target, at + wire.ID_OFFSET_V2, id);
  const switches = target[at + 11]!;
  if (target[at + 1] === wire.VERSION_WITH_CRC && (switches & wire.SWITCH_CRC) !== 0) {
    writeChecksum(target, at, at + end - start - wire.CRC_LENGTH);
  }
}

/** A checksum is left as it is: `forwardFrame` computes it anew. */
export function shortenTimeout(bytes: Buffer, start: number, ms: number): void {
  const at = start + (bytes[start] === wire.PROTOCOL_V1 ? wire.TIMEOUT_OFFSET_V1 : wire.TIMEOUT_OFFSET_V2);
  if (wire.readI32(bytes, at) > ms) wire.writeU32(bytes, at, ms);
}

/**
 * Copies a reply with another id, and with another head when it came in another version than its
 * request asks for: SOFABolt's server answers all of a connection in the version of that
 * connection's first frame, and here callers of several versions share one.
 */
export function forwardReply(out: ByteSink, frame: BoltFrame, id: number, replyContext: number): void {
  // All but the serializer, which is the content's own.
  if ((frame.replyContext ^ replyContext) >>> 8 === 0) {
    return forwardFrame(out, frame.bytes, frame.start, frame.end, id);
  }
  const { bytes, classStart, headerStart, contentStart } = frame;
  encodeFrame(out, {
    ...fieldsOf(replyContext),
    type: wire.TYPE_RESPONSE,
    command: wire.COMMAND_RESPONSE,
    id,
    serializer: frame.serializer,
    status: frame.status,
    className: bytes.subarray(classStart, headerStart),
    headers: bytes.subarray(headerStart, contentStart),
    content: bytes.subarray(contentStart, contentStart + frame.contentLength),
  });
}

export function encodeHeartbeat(out: ByteSink, id: number): void {
  encodeFrame(out, {
    protocol: wire.PROTOCOL_V1,
    type: wire.TYPE_REQUEST,
    command: wire.COMMAND_HEARTBEAT,
    id,
    timeout: HEARTBEAT_TIMEOUT_MS,
    headers: HEARTBEAT_HEADERS,
  });
}

export function encodeHeartbeatAck(out: ByteSink, id: number, replyContext: number): void {
  encodeFrame(out, { ...fieldsOf(replyContext), type: wire.TYPE_RESPONSE, command: wire.COMMAND_HEARTBEAT, id });
}

/** A request of command 100 that wants no reply. Source: SOFABolt's RpcCommandCode.GOAWAY. */
export function encodeGoaway(out: ByteSink, id: number): void {
  encodeFrame(out, { protocol: wire.PROTOCOL_V1, type: wire.TYPE_ONEWAY, command: wire.COMMAND_GOAWAY, id });
}

/**
 * The answer to a request that this proxy could not carry out: the status that fits, a header
 * block for the next sidecar, and for Hessian callers an exception with the reason as content,
 * which sofa-rpc-node shows to the application.
 */
export function encodeLocalReply(out: ByteSink, id: number, replyContext: number, failure: LocalFailure): void {
  const fields = fieldsOf(replyContext);
  const headers: [string, string][] = [[FAILURE_CODE_HEADER, failure.code]];
  if (failure.unsent) headers.push([FAILURE_UNSENT_HEADER, 'true']);
  encodeFrame(out, {
    ...fields,
    type: wire.TYPE_RESPONSE,
    command: wire.COMMAND_RESPONSE,
    id,
    status: statusOf(failure.code),
    headers: encodeHeaders(headers),
    content: fields.serializer === wire.SERIALIZER_HESSIAN2 ? hessianException(failure.message) : NOTHING,
  });
}

function fieldsOf(replyContext: number): Pick<FrameFields, 'protocol' | 'version' | 'switches' | 'serializer'> {
  return {
    protocol: replyContext >>> 24 === wire.PROTOCOL_V2 ? 2 : 1,
    version: (replyContext >>> 16) & 0xff,
    switches: (replyContext >>> 8) & 0xff,
    serializer: replyContext & 0xff,
  };
}

const MAX_TEXT = 1023;

/**
 * A serialized com.alipay.remoting.rpc.exception.RpcServerException with the given message and
 * neither stack nor cause, in the Hessian 2 dialect of SOFA (class definition 'O', instance 'o'):
 * what Bolt clients expect as the content of a failed response.
 */
function hessianException(text: string): Buffer {
  const ascii = Buffer.from(text.slice(0, MAX_TEXT).replace(/[^\x20-\x7e]/g, '?'), 'latin1');
  const length = ascii.length;
  const head = length < 32 ? [length] : [0x53, length >>> 8, length & 0xff];
  return Buffer.concat([EXCEPTION_HEAD, Buffer.from(head), ascii, Buffer.from('NN')]);
}

const EXCEPTION_CLASS = 'com.alipay.remoting.rpc.exception.RpcServerException';
const EXCEPTION_HEAD = Buffer.from(
  `O\xc8${String.fromCharCode(EXCEPTION_CLASS.length)}${EXCEPTION_CLASS}\x93\x0ddetailMessage\x0astackTrace\x05causeo\x90`,
  'latin1',
);

function writeChecksum(bytes: Buffer, start: number, end: number): void {
  wire.writeU32(bytes, end, crc32(bytes.subarray(start, end)));
}
