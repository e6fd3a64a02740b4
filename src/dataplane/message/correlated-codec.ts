import type { Budget } from '../../core/budget.ts';
import type { ByteSink, FrameDecoder, FrameLimits, FrameSink, FrameView, LocalFailure } from './frame.ts';

/**
 * What the proxy needs of a protocol with request ids. A codec knows bytes and nothing else:
 * no sockets, timers or config.
 */
export interface CorrelatedCodec {
  readonly type: string;
  /** `budget` bounds the bytes that all decoders which share it keep of incomplete frames. */
  createDecoder(limits: FrameLimits, budget: Budget, sink: FrameSink): FrameDecoder;
  /** Copies the frame `bytes[start, end)` with another request id; a checksum is computed anew. */
  forward(out: ByteSink, bytes: Buffer, start: number, end: number, id: number): void;
  /**
   * Changes the request at `start` to say that its caller waits `ms` milliseconds, where it says that it waits longer;
   * one that does not say stays so. For frames that are then passed on by `forward`.
   */
  shortenTimeout(bytes: Buffer, start: number, ms: number): void;
  /**
   * Copies a reply with the id of its request, in the protocol version that `replyContext` stands for, which need
   * not be the one it came in.
   */
  forwardReply(out: ByteSink, frame: FrameView, id: number, replyContext: number): void;
  /** The reply to the request `id`, in the protocol version that `replyContext` stands for. */
  localReply(out: ByteSink, id: number, replyContext: number, failure: LocalFailure): void;
  heartbeat(out: ByteSink, id: number): void;
  heartbeatAck(out: ByteSink, id: number, replyContext: number): void;
  goaway(out: ByteSink, id: number): void;
  /** Whether the sender of this heartbeat understands `goaway`; others are never sent one. */
  understandsGoaway(frame: FrameView): boolean;
  /**
   * Reads a reply that says it failed: the local failure of another sidecar on the way, as
   * `localReply` wrote it there, or undefined when the service itself answered, however badly: it never throws.
   */
  failureOf(frame: FrameView): { readonly code: string; readonly unsent: boolean } | undefined;
}
