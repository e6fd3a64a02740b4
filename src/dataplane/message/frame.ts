/**
 * The neutral nouns of protocols whose replies carry the id of their request (Bolt, Dubbo):
 * frames of both directions share a connection and come in any order.
 */

export const FrameKind = {
  /** Wants a reply with the same id. */
  request: 1,
  /** Wants none. */
  oneway: 2,
  reply: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  /** The sender takes no new requests on this connection and finishes those it has. */
  goaway: 6,
  /** A well-formed frame of a command that this codec does not know. */
  unknown: 7,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** Why a decoder hands on a frame's head only. */
export type RejectReason =
  /** Larger than the limits allow; its bytes are passed over, the connection stays in step. */
  | 'too_large'
  /** No memory left in the budget; passed over likewise. */
  | 'overload'
  /** Its checksum is wrong, so nothing in it, its length included, can be trusted: the last that comes. */
  | 'checksum';

/**
 * One decoded frame. The object and the bytes under it are reused: both are valid only until
 * the callback that they were passed to returns.
 */
export interface FrameView {
  readonly bytes: Buffer;
  /** The frame is `bytes[start, end)`. */
  readonly start: number;
  readonly end: number;
  readonly kind: FrameKind;
  /** Unsigned 32 bits. */
  readonly id: number;
  /** Requests: how long the caller waits, in milliseconds; 0 or less when it does not say. */
  readonly timeout: number;
  /** Replies: whether the callee says that the call succeeded. */
  readonly success: boolean;
  /** Replies: whether the callee had no room for the request, and has not worked on it. */
  readonly busy: boolean;
  /** What a reply to this frame must know of it, in one number that only its codec reads. */
  readonly replyContext: number;
  /** The service that a request names; '' when it names none. Throws WeftError when its headers are malformed. */
  service(): string;
  /** The value of a header, one character for each octet; undefined when there is none. Throws likewise. */
  header(name: Buffer): string | undefined;
}

/** Takes what a decoder finds, in the order of the bytes. */
export interface FrameSink {
  onFrame(frame: FrameView): void;
  /** Only the head of `frame` may be read: kind, id, timeout, replyContext. */
  onRejected(frame: FrameView, reason: RejectReason): void;
}

export interface FrameDecoder {
  /**
   * Takes the next `length` bytes of a connection, `chunk[0, length)`, cut anywhere. Keeps a
   * copy of what is incomplete.
   *
   * @throws WeftError `malformed_frame` when the bytes cannot be understood: the connection
   *   is out of step and must be closed.
   */
  push(chunk: Buffer, length: number): void;
  /** Bytes of an incomplete frame that it holds. */
  readonly buffered: number;
  /** Gives back what it holds. */
  close(): void;
}

/** Where a codec writes: a connection's output, or a plain buffer. */
export interface ByteSink {
  /** Makes room for `length` bytes and returns where in `target` they begin. */
  reserve(length: number): number;
  /** Read it after `reserve`, which may replace it. */
  readonly target: Buffer;
}

export interface FrameLimits {
  /** Bytes of one frame. */
  readonly maxFrame: number;
  /** Bytes of one header block. */
  readonly maxHeader: number;
}

/** A local answer to a request that cannot be carried out. */
export interface LocalFailure {
  /** The stable code of a WeftError. */
  readonly code: string;
  readonly message: string;
  /** Whether the callee has certainly not seen the request. */
  readonly unsent: boolean;
}
