/** The part of ZooKeeper's wire protocol (3.4 and later) that the registry needs. */
import { WeftError } from '../../core/errors.ts';
import { JuteReader, JuteWriter } from './jute.ts';

export const OP = {
  create: 1,
  remove: 2,
  exists: 3,
  getData: 4,
  getChildren: 8,
  ping: 11,
  multi: 14,
  auth: 100,
  closeSession: -11,
} as const;

/** Ids of what is not an ordinary reply; those count from 1. */
export const XID = { event: -1, ping: -2, auth: -4 } as const;

export const ERROR = {
  connectionLoss: -4,
  noNode: -101,
  noAuth: -102,
  nodeExists: -110,
  notEmpty: -111,
  sessionExpired: -112,
  authFailed: -115,
} as const;

/** The reply's error code; what it means is in KeeperException of ZooKeeper's Java sources. */
export class ZkError extends WeftError {
  readonly zkCode: number;

  constructor(zkCode: number, message: string) {
    super('zookeeper_error', message, { side: 'upstream', retriable: true });
    this.zkCode = zkCode;
  }
}

export function isZkError(error: unknown, ...codes: number[]): boolean {
  return error instanceof ZkError && codes.includes(error.zkCode);
}

export interface Stat {
  /** The session that an ephemeral node belongs to; 0 for a persistent node. */
  readonly ephemeralOwner: bigint;
  /** Counts changes of the node's data. */
  readonly version: number;
}

export interface ConnectResult {
  /** ms as the server will have it; not above 0 when the session has expired. */
  readonly timeout: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
}

export type EventType = 'created' | 'deleted' | 'dataChanged' | 'childrenChanged' | 'other';

export interface ZkEvent {
  readonly type: EventType;
  readonly path: string;
}

/** Everybody may do everything (`world:anyone`), or only who has this credential (`auth:`). */
export type Access = 'open' | 'creator';

export function connectFrame(session: { id: bigint; password: Buffer; timeout: number; zxid: bigint }): Buffer {
  return new JuteWriter()
    .int(0) // protocol version
    .long(session.zxid)
    .int(session.timeout)
    .long(session.id)
    .buffer(session.password)
    .bool(false) // a read-only server is of no use
    .frame();
}

export function readConnect(frame: Buffer): ConnectResult {
  const reader = new JuteReader(frame);
  reader.int(); // protocol version
  const timeout = reader.int();
  const sessionId = reader.long();
  return { timeout, sessionId, password: Buffer.from(reader.buffer()) };
}

export function request(xid: number, op: number): JuteWriter {
  return new JuteWriter().int(xid).int(op);
}

export function authFrame(scheme: string, credential: string): Buffer {
  return request(XID.auth, OP.auth).int(0).text(scheme).text(credential).frame();
}

export function writeCreate(
  writer: JuteWriter,
  node: { path: string; data: Buffer; ephemeral: boolean },
  access: Access,
): JuteWriter {
  const [scheme, id] = access === 'open' ? ['world', 'anyone'] : ['auth', ''];
  const ALL_PERMISSIONS = 31;
  writer.text(node.path).buffer(node.data);
  writer.int(1).int(ALL_PERMISSIONS).text(scheme).text(id);
  return writer.int(node.ephemeral ? 1 : 0);
}

/** Before each operation of a multi, and after the last. */
export function writeMultiHeader(writer: JuteWriter, op: number | 'end'): JuteWriter {
  return op === 'end' ? writer.int(-1).bool(true).int(-1) : writer.int(op).bool(false).int(-1);
}

/** The first error of a multi of creates and removes; 0 when all of it was done. */
export function readMultiError(reader: JuteReader): number {
  for (;;) {
    const type = reader.int();
    const done = reader.bool();
    reader.int();
    if (done) return 0;
    if (type === OP.create) reader.text();
    else if (type === -1) {
      const error = reader.int();
      // 0: rolled back because of another; -2: not tried because of an earlier one.
      if (error !== 0 && error !== -2) return error;
    }
  }
}

export function readStat(reader: JuteReader): Stat {
  for (let i = 0; i < 4; i++) reader.long(); // czxid, mzxid, ctime, mtime
  const version = reader.int();
  reader.int(); // cversion
  reader.int(); // aversion
  return { version, ephemeralOwner: reader.long() };
}

export function readEvent(reader: JuteReader): ZkEvent {
  const names: Record<number, EventType> = { 1: 'created', 2: 'deleted', 3: 'dataChanged', 4: 'childrenChanged' };
  const type = reader.int();
  reader.int(); // state
  return { type: names[type] ?? 'other', path: reader.text() };
}

export function describeError(code: number): string {
  const name = Object.entries(ERROR).find(([, value]) => value === code)?.[0];
  return name === undefined ? `error ${code}` : `${name} (${code})`;
}
