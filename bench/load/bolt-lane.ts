import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { MARK } from './echo-traffic.ts';
import type { EchoTraffic } from './echo-traffic.ts';
import { FrameBatch } from './frame-batch.ts';
import { FrameReader } from './frame-reader.ts';
import { crcFits, layoutAt, seal, STATUS, TYPE } from './frames.ts';
import type { Template } from './frames.ts';
import type { Lane, LaneEvents, LaneOptions } from './lane.ts';

/** One reply in this many is compared byte by byte (and its CRC checked); all others by id, marks, status and length. */
const FULL_CHECK_SAMPLE = 32;
const BATCH = 64;

export type BoltLaneOptions = LaneOptions & { traffic: EchoTraffic };

/** Sends pre-built Bolt requests, several in one write, and checks each reply. */
export class BoltLane implements Lane {
  readonly #socket: Socket;
  readonly #number: number;
  readonly #traffic: EchoTraffic;
  readonly #events: LaneEvents;
  readonly #batch: FrameBatch;
  /** The request id that each slot waits for; a slot's ids are congruent to its index modulo the capacity. */
  readonly #ids: Uint32Array;
  readonly #since: Float64Array;
  readonly #waiting: Uint8Array;
  readonly #free: Uint16Array;
  #freeCount: number;
  #replies = 0;
  #closing = false;

  private constructor(socket: Socket, options: BoltLaneOptions) {
    const { capacity } = options;
    this.#socket = socket;
    this.#number = options.number;
    this.#traffic = options.traffic;
    this.#events = options.events;
    this.#batch = new FrameBatch(options.traffic.request, Math.min(capacity, BATCH));
    this.#ids = Uint32Array.from({ length: capacity }, (_, slot) => slot);
    this.#since = new Float64Array(capacity);
    this.#waiting = new Uint8Array(capacity);
    this.#free = Uint16Array.from({ length: capacity }, (_, i) => i);
    this.#freeCount = capacity;
  }

  static async open(options: BoltLaneOptions): Promise<BoltLane> {
    let now = 0;
    const onFrame = (bytes: Buffer, at: number, end: number): void => lane.#receive(bytes, at, end, now);
    const reader = new FrameReader(onFrame);
    const socket = connect({
      host: '127.0.0.1',
      port: options.port,
      noDelay: true,
      onread: {
        buffer: options.readBuffer,
        callback: (length, buffer) => {
          now = performance.now();
          try {
            reader.push(buffer.subarray(0, length) as Buffer);
          } catch (error) {
            lane.#fail((error as Error).message);
            return false;
          }
          options.events.onRead(lane, now);
          return true;
        },
      },
    });
    const lane = new BoltLane(socket, options);
    await once(socket, 'connect');
    socket.on('error', (error) => lane.#fail(error.message));
    socket.on('close', () => lane.#fail('the connection was closed'));
    return lane;
  }

  get outstanding(): number {
    return this.#ids.length - this.#freeCount;
  }

  get hasRoom(): boolean {
    return this.#freeCount > 0;
  }

  send(since: number): void {
    if (this.#batch.full) this.flush();
    const slot = this.#free[--this.#freeCount] ?? 0;
    const id = ((this.#ids[slot] ?? 0) + this.#ids.length) >>> 0;
    this.#ids[slot] = id;
    this.#since[slot] = since;
    this.#waiting[slot] = 1;
    const request = this.#traffic.request;
    const at = this.#batch.add();
    const bytes = this.#batch.bytes;
    const content = at + request.contentAt;
    bytes.writeUInt32BE(id, at + request.idAt);
    bytes.writeUInt32BE(this.#number, content + MARK.lane);
    bytes.writeUInt32BE(id, content + MARK.id);
    seal(request, bytes, at);
  }

  flush(): void {
    if (!this.#batch.empty) this.#batch.flush(this.#socket);
  }

  close(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #receive(bytes: Buffer, at: number, end: number, now: number): void {
    const layout = layoutAt(bytes, at);
    const id = bytes.readUInt32BE(at + layout.id);
    const slot = id & (this.#ids.length - 1);
    if (this.#ids[slot] !== id || this.#waiting[slot] !== 1)
      return this.#fail(`a reply to request ${id}, which does not wait`);
    this.#waiting[slot] = 0;
    this.#free[this.#freeCount++] = slot;
    const wrong = this.#difference(bytes, at, end, id);
    if (wrong === undefined) this.#events.onReply(this.#since[slot] ?? now, now);
    else this.#fail(wrong);
  }

  /** What is wrong with a reply, if anything is. */
  #difference(bytes: Buffer, at: number, end: number, id: number): string | undefined {
    const reply = this.#traffic.reply;
    const layout = layoutAt(bytes, at);
    const status = bytes.readUInt16BE(at + layout.statusOrTimeout);
    if (bytes[at + layout.type] !== TYPE.response) return 'a frame that is no response';
    if (status !== STATUS.success) return `status ${status}`;
    if (end - at !== reply.bytes.length) return `a reply of ${end - at} instead of ${reply.bytes.length} bytes`;
    const content = at + reply.contentAt;
    if (bytes.readUInt32BE(content + MARK.lane) !== this.#number || bytes.readUInt32BE(content + MARK.id) !== id) {
      return "another caller's content";
    }
    if (this.#replies++ % FULL_CHECK_SAMPLE !== 0) return undefined;
    if (!matches(reply, bytes, at)) return 'altered bytes';
    return crcFits(bytes, at, end) ? undefined : 'a wrong CRC';
  }

  #fail(what: string): void {
    if (!this.#closing) this.#events.onFailure(what);
  }
}

/** Whether all but the id, the mark and the CRC of the frame at `at` is as in the template. */
function matches(template: Template, bytes: Buffer, at: number): boolean {
  const { idAt, contentAt, contentLength } = template;
  return (
    equal(template, bytes, at, 0, idAt) &&
    equal(template, bytes, at, idAt + 4, contentAt) &&
    equal(template, bytes, at, contentAt + MARK.length, contentAt + contentLength)
  );
}

function equal(template: Template, bytes: Buffer, at: number, from: number, to: number): boolean {
  return template.bytes.compare(bytes, at + from, at + to, from, to) === 0;
}
