import { crc32 } from 'node:zlib';

/**
 * Bolt frames for the benchmark, written apart from src/ on purpose: the load must not share a mistake with the codec
 * that it measures. Layout: SOFABolt's protocol v1 (protocol code 1) and v2 (protocol code 2, version 2, which may
 * carry a CRC-32), all numbers big-endian.
 */
export type Dialect = {
  version: 1 | 2;
  /** Only v2 can carry a CRC. */
  crc: boolean;
};

export type Layout = {
  /** Length of the fixed part of the head. */
  fixed: number;
  type: number;
  command: number;
  id: number;
  /** Status (u16) of a response, timeout (i32, ms) of a request. */
  statusOrTimeout: number;
  /** Class length (u16), then header length (u16) and content length (u32). */
  lengths: number;
};

export const LAYOUT = {
  v1: {
    request: { fixed: 22, type: 1, command: 2, id: 5, statusOrTimeout: 10, lengths: 14 },
    response: { fixed: 20, type: 1, command: 2, id: 5, statusOrTimeout: 10, lengths: 12 },
  },
  v2: {
    request: { fixed: 24, type: 2, command: 3, id: 6, statusOrTimeout: 12, lengths: 16 },
    response: { fixed: 22, type: 2, command: 3, id: 6, statusOrTimeout: 12, lengths: 14 },
  },
} as const satisfies Record<string, Record<string, Layout>>;

export const TYPE = { response: 0, request: 1, oneWay: 2 } as const;
export const COMMAND = { heartbeat: 0, request: 1, response: 2 } as const;
export const STATUS = { success: 0, codecException: 9 } as const;

const SWITCH_AT = 11;
const CRC_BIT = 1;
const CRC_LENGTH = 4;
const HESSIAN2 = 1;

/** A frame whose id, marks and CRC are still to be filled in, at the same places in every copy of it. */
export type Template = Dialect & {
  bytes: Buffer;
  idAt: number;
  contentAt: number;
  contentLength: number;
};

export type RequestParts = {
  className: string;
  headers: Record<string, string>;
  content: Buffer;
  /** The deadline that the frame carries, in ms. */
  timeoutMs: number;
};

export function requestTemplate(dialect: Dialect, parts: RequestParts): Template {
  const layout = layoutOf(dialect.version, true);
  const frame = assemble(dialect, layout, Buffer.from(parts.className), headerBlock(parts.headers), parts.content);
  frame.bytes[layout.type] = TYPE.request;
  frame.bytes.writeUInt16BE(COMMAND.request, layout.command);
  frame.bytes.writeInt32BE(parts.timeoutMs, layout.statusOrTimeout);
  return frame;
}

export type ResponseParts = { className: string; content: Buffer };

export function responseTemplate(dialect: Dialect, parts: ResponseParts): Template {
  const layout = layoutOf(dialect.version, false);
  const frame = assemble(dialect, layout, Buffer.from(parts.className), Buffer.alloc(0), parts.content);
  frame.bytes[layout.type] = TYPE.response;
  frame.bytes.writeUInt16BE(COMMAND.response, layout.command);
  frame.bytes.writeUInt16BE(STATUS.success, layout.statusOrTimeout);
  return frame;
}

/** The answer to a heartbeat: a response with the heartbeat command, no class, no header, no content. */
export function heartbeatReply(version: 1 | 2, id: number): Buffer {
  const layout = layoutOf(version, false);
  const frame = assemble({ version, crc: false }, layout, Buffer.alloc(0), Buffer.alloc(0), Buffer.alloc(0));
  frame.bytes[layout.type] = TYPE.response;
  frame.bytes.writeUInt16BE(COMMAND.heartbeat, layout.command);
  frame.bytes.writeUInt32BE(id, layout.id);
  return frame.bytes;
}

function assemble(dialect: Dialect, layout: Layout, className: Buffer, header: Buffer, content: Buffer): Template {
  const { version, crc } = dialect;
  if (crc && version === 1) throw new Error('a v1 frame cannot carry a CRC');
  const contentAt = layout.fixed + className.length + header.length;
  const bytes = Buffer.alloc(contentAt + content.length + (crc ? CRC_LENGTH : 0));
  bytes[0] = version;
  bytes[layout.command + 2] = 1;
  bytes[layout.id + 4] = HESSIAN2;
  if (version === 2) {
    bytes[1] = 2;
    bytes[SWITCH_AT] = crc ? CRC_BIT : 0;
  }
  bytes.writeUInt16BE(className.length, layout.lengths);
  bytes.writeUInt16BE(header.length, layout.lengths + 2);
  bytes.writeUInt32BE(content.length, layout.lengths + 4);
  className.copy(bytes, layout.fixed);
  header.copy(bytes, layout.fixed + className.length);
  content.copy(bytes, contentAt);
  return { ...dialect, bytes, idAt: layout.id, contentAt, contentLength: content.length };
}

/** Repeated [i32 length][bytes], key then value. */
export function headerBlock(headers: Record<string, string>): Buffer {
  return Buffer.concat(
    Object.entries(headers)
      .flat()
      .map((text) => {
        const bytes = Buffer.from(text);
        const prefix = Buffer.alloc(4);
        prefix.writeInt32BE(bytes.length);
        return Buffer.concat([prefix, bytes]);
      }),
  );
}

/** Writes the CRC of the frame of `template` that starts at `at`; does nothing for a frame without one. */
export function seal(template: Template, bytes: Buffer, at: number): void {
  if (!template.crc) return;
  const crcAt = at + template.bytes.length - CRC_LENGTH;
  bytes.writeUInt32BE(crc32(bytes.subarray(at, crcAt)), crcAt);
}

/** Whether the CRC of the frame in [at, end) fits; true for a frame that carries none. */
export function crcFits(bytes: Buffer, at: number, end: number): boolean {
  if (!carriesCrc(bytes, at)) return true;
  const crcAt = end - CRC_LENGTH;
  return crc32(bytes.subarray(at, crcAt)) === bytes.readUInt32BE(crcAt);
}

export function carriesCrc(bytes: Buffer, at: number): boolean {
  return bytes[at] === 2 && bytes[at + 1] === 2 && ((bytes[at + SWITCH_AT] ?? 0) & CRC_BIT) !== 0;
}

/** The layout of the frame that starts at `at`; its first 3 bytes must be there. */
export function layoutAt(bytes: Buffer, at: number): Layout {
  const version = bytes[at];
  if (version !== 1 && version !== 2) throw new Error(`not a Bolt frame: it starts with byte ${version}`);
  const type = bytes[at + (version === 1 ? 1 : 2)];
  return layoutOf(version, type !== TYPE.response);
}

function layoutOf(version: 1 | 2, request: boolean): Layout {
  const of = version === 1 ? LAYOUT.v1 : LAYOUT.v2;
  return request ? of.request : of.response;
}

/** Enough bytes to know the length of any frame. */
export const LONGEST_HEAD = LAYOUT.v2.request.fixed;

/**
 * Length of the whole frame that starts at `at`, or 0 while [at, end) holds too little of it to tell. Throws when
 * this is no Bolt frame.
 */
export function frameLength(bytes: Buffer, at: number, end: number): number {
  if (end - at < 3) return 0;
  const layout = layoutAt(bytes, at);
  if (end - at < layout.fixed) return 0;
  const lengths = at + layout.lengths;
  const variable = bytes.readUInt16BE(lengths) + bytes.readUInt16BE(lengths + 2) + bytes.readUInt32BE(lengths + 4);
  return layout.fixed + variable + (carriesCrc(bytes, at) ? CRC_LENGTH : 0);
}
