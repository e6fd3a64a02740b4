/**
 * The layout of Bolt frames, both protocol versions, all numbers big-endian.
 *
 * v1: code 1 · type · command u16 · command version · id u32 · serializer · timeout i32 or
 *     status u16 · class length u16 · header length u16 · content length u32 · class · header · content
 * v2: code 2 · version · type · command u16 · command version · id u32 · serializer · switch ·
 *     then as v1, and at the end a CRC-32 (IEEE) of everything before it when the version is 2
 *     and bit 0 of the switch is set
 *
 * Source: SOFABolt's RpcProtocol and RpcProtocolV2.
 */

export const PROTOCOL_V1 = 1;
export const PROTOCOL_V2 = 2;

export const TYPE_RESPONSE = 0;
export const TYPE_REQUEST = 1;
export const TYPE_ONEWAY = 2;

export const COMMAND_HEARTBEAT = 0;
export const COMMAND_REQUEST = 1;
export const COMMAND_RESPONSE = 2;
export const COMMAND_GOAWAY = 100;

export const COMMAND_VERSION = 1;
export const SERIALIZER_HESSIAN2 = 1;

/** The v2 version byte of frames that may carry a checksum. */
export const VERSION_WITH_CRC = 2;
export const SWITCH_CRC = 1;
export const CRC_LENGTH = 4;

/** Where the request id stands. */
export const ID_OFFSET_V1 = 5;
export const ID_OFFSET_V2 = 6;

/** Where a request's timeout stands. */
export const TIMEOUT_OFFSET_V1 = 10;
export const TIMEOUT_OFFSET_V2 = 12;

/** Lengths of the fixed part. */
export const REQUEST_HEAD_V1 = 22;
export const RESPONSE_HEAD_V1 = 20;
export const REQUEST_HEAD_V2 = 24;
export const RESPONSE_HEAD_V2 = 22;

/** The length of the fixed part of a frame. */
export function headLength(v2: boolean, response: boolean): number {
  if (v2) return response ? RESPONSE_HEAD_V2 : REQUEST_HEAD_V2;
  return response ? RESPONSE_HEAD_V1 : REQUEST_HEAD_V1;
}

export function readU16(bytes: Buffer, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function readI32(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

export function readU32(bytes: Buffer, at: number): number {
  return readI32(bytes, at) >>> 0;
}

export function writeU16(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** Signed and unsigned alike. */
export function writeU32(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}
