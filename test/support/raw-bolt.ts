/**
 * Bolt peers that do what a test tells them, which no real peer does: wrong checksums, null headers, frames over a
 * limit, and no reading for a while. What they receive is read by the benchmark's frames, which share nothing with
 * the codec that is tested.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { FrameReader } from '../../bench/load/frame-reader.ts';
import { carriesCrc, COMMAND, crcFits, layoutAt, TYPE } from '../../bench/load/frames.ts';
import { encodeFrame, type FrameFields } from '../../src/dataplane/codec/bolt/encode.ts';
import { decodeHeaders, encodeHeaders } from '../../src/dataplane/codec/bolt/headers.ts';
import { BufferSink } from '../../src/dataplane/message/buffer-sink.ts';
import { waitUntil, type Owner } from './children.ts';

/** The three ways to write a Bolt frame. */
export const DIALECTS = {
  v1: { protocol: 1 },
  v2: { protocol: 2, version: 1, switches: 0 },
  'v2 with checksums': { protocol: 2, version: 2, switches: 1 },
} as const satisfies Record<string, Pick<FrameFields, 'protocol' | 'version' | 'switches'>>;

export interface ReceivedFrame {
  readonly protocol: number;
  readonly type: number;
  readonly command: number;
  readonly id: number;
  /** The status of a response, the timeout of a request. */
  readonly statusOrTimeout: number;
  readonly headers: readonly (readonly [string, string | null])[];
  readonly content: Buffer;
  readonly checksum: 'none' | 'right' | 'wrong';
}

export function frameBytes(fields: FrameFields): Buffer {
  const sink = new BufferSink();
  encodeFrame(sink, fields);
  return sink.bytes();
}

/** One end of a connection. */
export class RawPeer {
  readonly socket: Socket;
  /** Responses by their id. */
  readonly replies = new Map<number, ReceivedFrame>();
  #lastId = 0;
  readonly #unsent: (() => Buffer)[] = [];
  readonly #closed: Promise<void>;
  readonly #awaited = new Map<number, (frame: ReceivedFrame) => void>();

  /** @param onRequest gets all that is no response. */
  constructor(socket: Socket, onRequest: (frame: ReceivedFrame, peer: RawPeer) => void = () => undefined) {
    this.socket = socket;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    const reader = new FrameReader((bytes, at, end) => {
      const frame = readFrame(bytes, at, end);
      if (frame.type !== TYPE.response) return onRequest(frame, this);
      this.replies.set(frame.id, frame);
      this.#awaited.get(frame.id)?.(frame);
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
    socket.on('drain', () => this.#pump());
    // A reset is seen by what it leaves unanswered.
    socket.on('error', () => undefined);
  }

  /** A request id that this peer has not used. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** Frames that the other side's slowness keeps here. */
  get unsent(): number {
    return this.#unsent.length;
  }

  /** Sends in order, no faster than the other side takes it. A frame is made when its turn comes. */
  send(frame: FrameFields | (() => FrameFields)): void {
    this.#unsent.push(() => frameBytes(typeof frame === 'function' ? frame() : frame));
    this.#pump();
  }

  /** Resolves when the connection is gone, however. */
  async hasClosed(): Promise<void> {
    await waitUntil(() => this.socket.closed, { what: 'the connection is closed' });
  }

  /** The response `id`, past or to come. Rejects after `ms`, and when the connection closes first. */
  reply(id: number, ms = 10_000): Promise<ReceivedFrame> {
    const { promise, resolve, reject } = Promise.withResolvers<ReceivedFrame>();
    const present = this.replies.get(id);
    if (present !== undefined) return Promise.resolve(present);
    const timer = setTimeout(() => reject(new Error(`no reply to ${id} within ${ms} ms`)), ms);
    this.#awaited.set(id, resolve);
    void this.#closed.then(() => reject(new Error(`the connection closed before a reply to ${id}`)));
    return promise.finally(() => {
      clearTimeout(timer);
      this.#awaited.delete(id);
    });
  }

  #pump(): void {
    while (this.#unsent.length > 0 && !this.socket.writableNeedDrain) this.socket.write(this.#unsent.shift()!());
  }
}

export async function openRawClient(owner: Owner, port: number): Promise<RawPeer> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  owner.after(async () => void socket.destroy());
  await once(socket, 'connect');
  return new RawPeer(socket);
}

export interface RawProvider {
  readonly port: number;
  /** Connections that were opened to it, closed ones included. */
  readonly peers: readonly RawPeer[];
  /** Heartbeats that came; they are answered. */
  readonly heartbeats: number;
  close(): void;
}

/** A provider on a free port that hands each request to `onRequest`. */
export async function startRawProvider(
  owner: Owner,
  onRequest: (frame: ReceivedFrame, peer: RawPeer) => void,
): Promise<RawProvider> {
  const peers: RawPeer[] = [];
  let heartbeats = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    peers.push(
      new RawPeer(socket, (frame, peer) => {
        if (frame.command !== COMMAND.heartbeat) return onRequest(frame, peer);
        heartbeats++;
        peer.send({ ...dialectOf(frame), type: TYPE.response, command: COMMAND.heartbeat, id: frame.id });
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const { socket } of peers) socket.destroy();
  };
  owner.after(async () => close());
  return {
    port: (server.address() as AddressInfo).port,
    peers,
    get heartbeats() {
      return heartbeats;
    },
    close,
  };
}

/** A request of `service` that waits for longer than any test lasts. */
export function requestOf(service: string, id: number, content: Buffer): FrameFields {
  return {
    ...DIALECTS.v1,
    type: TYPE.request,
    command: COMMAND.request,
    id,
    timeout: 120_000,
    headers: encodeHeaders([['service', service]]),
    content,
  };
}

/** The fields of a successful reply to `frame`, in its own dialect. */
export function replyTo(frame: ReceivedFrame, content: Buffer): FrameFields {
  return { ...dialectOf(frame), type: TYPE.response, command: COMMAND.response, id: frame.id, content };
}

/** Bytes that belong to one call alone: `seed` over and over, in 4 bytes. */
export function marked(seed: number, length: number): Buffer {
  const pattern = Buffer.alloc(4);
  pattern.writeUInt32BE(seed);
  return Buffer.alloc(length, pattern);
}

function dialectOf(frame: ReceivedFrame): Pick<FrameFields, 'protocol' | 'version' | 'switches'> {
  if (frame.protocol === 1) return DIALECTS.v1;
  return frame.checksum === 'none' ? DIALECTS.v2 : DIALECTS['v2 with checksums'];
}

function readFrame(bytes: Buffer, at: number, end: number): ReceivedFrame {
  const layout = layoutAt(bytes, at);
  const type = bytes[at + layout.type]!;
  const lengths = at + layout.lengths;
  const headersAt = at + layout.fixed + bytes.readUInt16BE(lengths);
  const contentAt = headersAt + bytes.readUInt16BE(lengths + 2);
  const field = at + layout.statusOrTimeout;
  return {
    protocol: bytes[at]!,
    type,
    command: bytes.readUInt16BE(at + layout.command),
    id: bytes.readUInt32BE(at + layout.id),
    statusOrTimeout: type === TYPE.response ? bytes.readUInt16BE(field) : bytes.readInt32BE(field),
    headers: decodeHeaders(bytes, headersAt, contentAt),
    // The reader uses its buffer again.
    content: Buffer.from(bytes.subarray(contentAt, contentAt + bytes.readUInt32BE(lengths + 4))),
    checksum: !carriesCrc(bytes, at) ? 'none' : crcFits(bytes, at, end) ? 'right' : 'wrong',
  };
}
