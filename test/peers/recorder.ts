import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { FrameReader } from '../../bench/load/frame-reader.ts';
import { carriesCrc, COMMAND, crcFits, layoutAt, TYPE } from '../../bench/load/frames.ts';
import type { Owner } from '../support/children.ts';

const MAX_FRAME = 16 * 1024 * 1024;

export type Side = 'client' | 'server';

export type RecordedFrame = {
  readonly from: Side;
  /** Counts the connections in the order in which they were opened, from 1. */
  readonly connection: number;
  readonly protocol: number;
  readonly kind: 'heartbeat' | 'request' | 'response';
  readonly id: number;
  readonly checksum: 'none' | 'right' | 'wrong';
};

export type Recorder = {
  /** host:port to call instead of the target. */
  readonly address: string;
  /** What has passed, both ways, in the order of arrival. */
  readonly frames: readonly RecordedFrame[];
};

type Place = { readonly host: string; readonly port: number };

/**
 * Stands before a Bolt server, on a free port if `at` names none, and keeps what passes, to see what is really on the
 * wire. The frames are read by the benchmark's reader, which shares nothing with the codec that is tested.
 */
export async function startRecorder(
  target: Place,
  owner: Owner,
  at: Place = { host: '127.0.0.1', port: 0 },
): Promise<Recorder> {
  const frames: RecordedFrame[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    const connection = ++connections;
    const upstream = connect(target.port, target.host);
    for (const [from, socket] of [
      ['client', client],
      ['server', upstream],
    ] as const) {
      const reader = new FrameReader((bytes, start, end) => {
        frames.push({ from, connection, ...describe(bytes, start, end) });
      }, MAX_FRAME);
      socket.on('data', (chunk) => reader.push(chunk as Buffer));
      sockets.add(socket);
      // An error of one side ends the pair; 'close' follows.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
        sockets.delete(socket);
      });
    }
    client.pipe(upstream).pipe(client);
  });
  server.listen(at);
  await once(server, 'listening');
  owner.after(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await once(server, 'close');
  });
  return { address: `${at.host}:${(server.address() as AddressInfo).port}`, frames };
}

function describe(bytes: Buffer, at: number, end: number): Omit<RecordedFrame, 'from' | 'connection'> {
  const layout = layoutAt(bytes, at);
  const heartbeat = bytes.readUInt16BE(at + layout.command) === COMMAND.heartbeat;
  const response = bytes[at + layout.type] === TYPE.response;
  return {
    protocol: bytes[at] ?? 0,
    kind: heartbeat ? 'heartbeat' : response ? 'response' : 'request',
    id: bytes.readUInt32BE(at + layout.id),
    checksum: !carriesCrc(bytes, at) ? 'none' : crcFits(bytes, at, end) ? 'right' : 'wrong',
  };
}

/** Both sides have sent requests or responses, and every one of them in this way. */
export function assertDialect(
  frames: readonly RecordedFrame[],
  protocol: 1 | 2,
  checksum: RecordedFrame['checksum'],
): void {
  const seen = new Set(
    frames
      .filter(({ kind }) => kind !== 'heartbeat')
      .map((frame) => `${frame.from}: v${frame.protocol}, checksum ${frame.checksum}`),
  );
  const wanted = (['client', 'server'] as const).map((from) => `${from}: v${protocol}, checksum ${checksum}`);
  assert.deepEqual(seen, new Set(wanted));
}
