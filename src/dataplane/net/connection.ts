import type net from 'node:net';
import type { ByteSink } from '../message/frame.ts';
import type { Flushable, NetContext } from './net-context.ts';
import { Output } from './output.ts';
import { UnsentShare } from './unsent-share.ts';

export interface ConnectionHandler {
  /** `chunk[0, length)` arrived; the bytes are valid only until the callback returns. */
  onBytes(chunk: Buffer, length: number): void;
  /** The peer sends no more; the other direction still works. */
  onEnd(): void;
  /** The connection is gone, once. `reason` is for people. */
  onClose(reason: string): void;
  /** Whether more waits to be written than `highWater`; false again below half of it. */
  onBacklog(full: boolean): void;
  /** The kernel took not all of what was written, for the first time since nothing waited. */
  onUnsent?(): void;
}

/**
 * The methods of a Writable that do the writing (node:stream, "Implementing a writable stream"), without
 * the queue before them: what waits is counted here, and one write at a time is under way.
 */
interface RawWriter {
  _write(chunk: Buffer, encoding: 'buffer', done: (error?: Error | null) => void): void;
  _writev(chunks: readonly RawChunk[], done: (error?: Error | null) => void): void;
}

interface RawChunk {
  readonly chunk: Buffer;
  readonly encoding: 'buffer';
}

function asChunk(chunk: Buffer): RawChunk {
  return { chunk, encoding: 'buffer' };
}

/** The part of node's TCP handle that is read here: bytes of the last write not yet taken by the kernel. */
interface StreamHandle {
  readonly writeQueueSize?: number;
}

const KEEP_ALIVE_MS = 60_000;
/** About the most that one write hands over: only when all of it is taken is it known that less waits. */
const WRITE_BYTES = 256 << 10;

/**
 * One TCP connection: reads into the thread's shared buffer, gathers what is to be written and
 * writes it with one call per turn of the loop. At most one write is outstanding, so what the
 * kernel has not taken yet is always known exactly.
 */
export class Connection implements Flushable {
  readonly remote: string;
  /** Whether what passes on it is encrypted between here and the peer. */
  readonly encrypted: boolean;
  readonly #context: NetContext;
  readonly #socket: net.Socket;
  readonly #raw: RawWriter;
  readonly #output: Output;
  readonly #highWater: number;
  #handler: ConnectionHandler;
  #dirty = false;
  #outstanding: Buffer[] | undefined;
  #outstandingBytes = 0;
  #inWrite = false;
  #totalWritten = 0;
  #full = false;
  readonly #unsent: UnsentShare;
  #below = 0;
  #onBelow: (() => void) | undefined;
  #reading = true;
  #goodbye: 'none' | 'end' | 'close' = 'none';
  #closed = false;
  #closeReason = 'closed';

  constructor(
    context: NetContext,
    socket: net.Socket,
    remote: string,
    highWater: number,
    handler: ConnectionHandler,
    encrypted = false,
  ) {
    this.#context = context;
    this.#socket = socket;
    this.#raw = socket as unknown as RawWriter;
    this.remote = remote;
    this.encrypted = encrypted;
    this.#highWater = highWater;
    this.#handler = handler;
    this.#output = new Output(context);
    this.#unsent = new UnsentShare(context);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    // In the middle of a handshake of TLS the end closes the connection, and is none of what the peer says in it.
    socket.on('end', () => {
      if (!socket.destroyed) this.#handler.onEnd();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#closeReason = error.code ?? error.message;
    });
    socket.on('close', () => this.#onClose());
  }

  /** Bytes accepted and not yet taken by the kernel. */
  get queued(): number {
    return this.#output.length + this.#outstandingBytes;
  }

  /** Grows whenever the kernel takes bytes: a connection where it stands still is stalled. */
  get progress(): number {
    const handle = (this.#socket as unknown as { _handle: StreamHandle | null })._handle;
    return this.#totalWritten + this.#outstandingBytes - (handle?.writeQueueSize ?? 0);
  }

  /** Whether bytes are taken from the peer; see `setReading`. */
  get reading(): boolean {
    return this.#reading;
  }

  /** `handler` hears all that happens from now on. */
  handOver(handler: ConnectionHandler): void {
    this.#handler = handler;
  }

  /** The peer's address, without the port; '' when it is gone already. */
  get peerAddress(): string {
    return this.#socket.remoteAddress ?? '';
  }

  /** What ALPN has agreed on; '' when nothing, or in clear text. Known when the first bytes come. */
  get alpn(): string {
    const { alpnProtocol } = this.#socket as { alpnProtocol?: string | false | null };
    return typeof alpnProtocol === 'string' ? alpnProtocol : '';
  }

  /** For the reader of this connection's bytes, called by whoever owns the socket. */
  deliver(length: number): void {
    this.#handler.onBytes(this.#context.readBuffer, length);
  }

  /** The same for bytes that came in a buffer of their own. */
  deliverChunk(chunk: Buffer): void {
    this.#handler.onBytes(chunk, chunk.length);
  }

  /**
   * Where frames are written to; they leave at the end of this turn of the loop. Above the high
   * water they leave, and count, at once: one turn may bring more than all turns may keep.
   */
  out(): ByteSink {
    if (!this.#dirty) {
      this.#dirty = true;
      this.#context.flushLater(this);
    } else if (this.#output.length > this.#highWater) {
      this.#flushNow();
    }
    return this.#output;
  }

  flush(): void {
    this.#dirty = false;
    this.#flushNow();
  }

  /**
   * Calls back once, as soon as a flush leaves at most `bytes` to be written. Never when the
   * connection closes first. The last call of this counts.
   */
  whenBelow(bytes: number, callback: () => void): void {
    this.#below = bytes;
    this.#onBelow = callback;
  }

  /** Stops taking bytes from the peer, so that it slows down, or goes on; never again after `close`. */
  setReading(reading: boolean): void {
    if (this.#reading === reading || this.#closed || this.#goodbye === 'close') return;
    this.#reading = reading;
    if (reading) this.#socket.resume();
    else this.#socket.pause();
  }

  /**
   * Writes what waits, then sends no more. The connection closes when the peer ends too, if it is
   * read from until then; whoever has no time for that has to `destroy` it.
   */
  end(): void {
    this.#leave('end');
  }

  /**
   * Writes what waits, for as long as the peer takes it, then closes. If the peer has sent more, the kernel
   * resets what it has not taken yet.
   */
  close(): void {
    this.setReading(false);
    this.#leave('close');
  }

  destroy(reason: string): void {
    if (this.#closed) return;
    this.#closeReason = reason;
    this.#socket.destroy();
  }

  /** The same, and the peer is told that something is missing. Over TLS the missing close_notify tells it. */
  reset(reason: string): void {
    if (this.#closed) return;
    this.#closeReason = reason;
    if (this.encrypted) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  #flushNow(): void {
    if (this.#outstanding !== undefined || this.#output.length === 0) return this.#checkBacklog();
    if (this.#closed) return this.#output.clear();
    this.#writeOn();
    this.#checkBacklog();
  }

  /** Hands over what waits, piece by piece, for as long as the kernel takes it at once. */
  #writeOn(): void {
    while (this.#outstanding === undefined && this.#output.length > 0) this.#write(this.#output.take(WRITE_BYTES));
  }

  #write(buffers: Buffer[]): void {
    let bytes = 0;
    for (const buffer of buffers) bytes += buffer.length;
    this.#outstanding = buffers;
    this.#outstandingBytes = bytes;
    this.#inWrite = true;
    if (buffers.length === 1) this.#raw._write(buffers[0]!, 'buffer', this.#onWritten);
    else this.#raw._writev(buffers.map(asChunk), this.#onWritten);
    this.#inWrite = false;
  }

  /** Within `#write` when the kernel took all at once, later when it did not. */
  readonly #onWritten = (error?: Error | null): void => {
    if (error) {
      // Told to nobody before the caller of `#write` has done: closing is an event of its own.
      this.#socket.destroy(error);
      return;
    }
    if (this.#outstanding === undefined) return;
    this.#releaseOutstanding();
    if (this.#inWrite) return;
    this.#writeOn();
    if (this.#outstanding === undefined) this.#finish();
    this.#checkBacklog();
  };

  #leave(goodbye: 'end' | 'close'): void {
    if (this.#closed || this.#goodbye === 'close') return;
    this.#goodbye = goodbye;
    this.flush();
    if (this.#outstanding === undefined) this.#finish();
    else if (goodbye === 'close') this.#context.closing.add(this);
  }

  /** Everything is written: the goodbye, if one was asked for. */
  #finish(): void {
    if (this.#goodbye === 'end') this.#socket.end();
    else if (this.#goodbye === 'close') this.#socket.destroySoon();
  }

  #releaseOutstanding(): void {
    this.#output.release();
    this.#totalWritten += this.#outstandingBytes;
    this.#outstanding = undefined;
    this.#outstandingBytes = 0;
  }

  #checkBacklog(): void {
    const queued = this.queued;
    const before = this.#unsent.octets;
    if (queued > 0 && before === 0) this.#handler.onUnsent?.();
    // A buffer that is no slab is larger than one.
    if (queued > 0) this.#unsent.set(queued, Math.max(queued, this.#output.memory));
    else if (before > 0) this.#unsent.set(0);
    if (this.#full ? queued * 2 < this.#highWater : queued > this.#highWater) {
      this.#full = !this.#full;
      this.#handler.onBacklog(this.#full);
    }
    if (this.#onBelow !== undefined && queued <= this.#below) {
      const callback = this.#onBelow;
      this.#onBelow = undefined;
      callback();
    }
  }

  #onClose(): void {
    this.#closed = true;
    this.#output.clear();
    this.#outstanding = undefined;
    this.#outstandingBytes = 0;
    this.#unsent.set(0);
    this.#context.closing.remove(this);
    this.#handler.onClose(this.#closeReason);
  }
}
