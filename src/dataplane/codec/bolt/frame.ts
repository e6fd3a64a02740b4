import { WeftError } from '../../../core/errors.ts';
import { FrameKind, type FrameView } from '../../message/frame.ts';
import { findHeader, headerText, NOT_FOUND } from './headers.ts';
import { BoltStatus } from './status.ts';
import * as wire from './wire.ts';

const KEY_SERVICE = Buffer.from('service');
const KEY_TARGET_SERVICE = Buffer.from('sofa_head_target_service');

const EMPTY = Buffer.alloc(0);

/** One Bolt frame, read in place. Reused by its decoder. */
export class BoltFrame implements FrameView {
  bytes: Buffer = EMPTY;
  start = 0;
  end = 0;
  kind: FrameKind = FrameKind.unknown;
  id = 0;
  timeout = 0;
  /** Responses only; see BoltStatus. */
  status = 0;
  replyContext = 0;
  serializer = 0;
  classStart = 0;
  classLength = 0;
  headerLength = 0;
  contentLength = 0;
  hasChecksum = false;

  get success(): boolean {
    return this.status === BoltStatus.success;
  }

  get busy(): boolean {
    return this.status === BoltStatus.serverThreadPoolBusy;
  }

  get headerStart(): number {
    return this.classStart + this.classLength;
  }

  get contentStart(): number {
    return this.headerStart + this.headerLength;
  }

  service(): string {
    return this.header(KEY_SERVICE) ?? this.header(KEY_TARGET_SERVICE) ?? '';
  }

  header(name: Buffer): string | undefined {
    const from = this.headerStart;
    const found = findHeader(this.bytes, from, from + this.headerLength, name);
    return found === NOT_FOUND ? undefined : headerText(this.bytes, found);
  }

  /**
   * Reads the fixed part at `at`, of which `available` bytes are there.
   *
   * @returns the length of the whole frame, or 0 when the fixed part is not complete yet.
   * @throws WeftError `malformed_frame` when these bytes are no Bolt frame.
   */
  readHead(bytes: Buffer, at: number, available: number): number {
    const protocol = bytes[at]!;
    if (protocol !== wire.PROTOCOL_V1 && protocol !== wire.PROTOCOL_V2) {
      throw malformed(`a Bolt frame begins with 1 or 2, not ${protocol}`);
    }
    const v2 = protocol === wire.PROTOCOL_V2;
    const typeAt = v2 ? at + 2 : at + 1;
    if (available <= typeAt - at) return 0;
    const type = bytes[typeAt]!;
    if (type > wire.TYPE_ONEWAY) throw malformed(`unknown frame type ${type}`);
    const response = type === wire.TYPE_RESPONSE;
    const head = wire.headLength(v2, response);
    if (available < head) return 0;
    this.bytes = bytes;
    this.start = at;
    const version = v2 ? bytes[at + 1]! : 0;
    if (v2 && (version === 0 || version > wire.VERSION_WITH_CRC))
      throw malformed(`unknown protocol version ${version}`);
    this.kind = kindOf(type, wire.readU16(bytes, typeAt + 1));
    this.id = wire.readU32(bytes, typeAt + 4);
    this.serializer = bytes[typeAt + 8]!;
    const switches = v2 ? bytes[typeAt + 9]! : 0;
    this.hasChecksum = version === wire.VERSION_WITH_CRC && (switches & wire.SWITCH_CRC) !== 0;
    this.replyContext = packContext(protocol, version, switches, this.serializer);
    this.#readLengths(bytes, v2 ? typeAt + 10 : typeAt + 9, response);
    this.classStart = at + head;
    const total =
      head + this.classLength + this.headerLength + this.contentLength + (this.hasChecksum ? wire.CRC_LENGTH : 0);
    this.end = at + total;
    return total;
  }

  /** Timeout or status, then the three lengths. */
  #readLengths(bytes: Buffer, at: number, response: boolean): void {
    if (response) {
      this.status = wire.readU16(bytes, at);
      this.timeout = 0;
    } else {
      this.status = 0;
      this.timeout = wire.readI32(bytes, at);
    }
    const lengths = response ? at + 2 : at + 4;
    this.classLength = wire.readU16(bytes, lengths);
    this.headerLength = wire.readU16(bytes, lengths + 2);
    this.contentLength = wire.readU32(bytes, lengths + 4);
  }
}

/** Protocol, v2 version, switches and serializer, a byte each: what a reply must repeat. */
export function packContext(protocol: number, version: number, switches: number, serializer: number): number {
  return (protocol << 24) | (version << 16) | (switches << 8) | serializer;
}

function kindOf(type: number, command: number): FrameKind {
  if (type === wire.TYPE_RESPONSE) {
    if (command === wire.COMMAND_RESPONSE) return FrameKind.reply;
    return command === wire.COMMAND_HEARTBEAT ? FrameKind.heartbeatAck : FrameKind.unknown;
  }
  if (command === wire.COMMAND_REQUEST) return type === wire.TYPE_REQUEST ? FrameKind.request : FrameKind.oneway;
  if (command === wire.COMMAND_HEARTBEAT) return FrameKind.heartbeat;
  return command === wire.COMMAND_GOAWAY ? FrameKind.goaway : FrameKind.unknown;
}

function malformed(what: string): WeftError {
  return new WeftError('malformed_frame', what, { side: 'downstream' });
}
