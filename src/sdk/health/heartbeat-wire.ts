import { Budget } from '../../core/budget.ts';
import type { CorrelatedCodec } from '../../dataplane/message/correlated-codec.ts';
import { BufferSink } from '../../dataplane/message/buffer-sink.ts';
import { FrameKind } from '../../dataplane/message/frame.ts';
import type { FrameDecoder } from '../../dataplane/message/frame.ts';

/** The part of a codec that heartbeats need. */
export type HeartbeatCodec = Pick<CorrelatedCodec, 'createDecoder' | 'heartbeat'>;

/** An application sends acknowledgements here and little else: larger frames are passed over. */
const MAX_FRAME = 64 * 1024;

export function encodeHeartbeat(codec: HeartbeatCodec, id: number): Buffer {
  const out = new BufferSink();
  codec.heartbeat(out, id);
  return out.bytes();
}

/** Finds the acknowledgements in what the application sends; its `push` throws when that is no frame. */
export function createAckReader(codec: HeartbeatCodec, onAck: (id: number) => void): FrameDecoder {
  return codec.createDecoder({ maxFrame: MAX_FRAME, maxHeader: MAX_FRAME }, new Budget(MAX_FRAME), {
    onFrame(frame) {
      if (frame.kind === FrameKind.heartbeatAck) onAck(frame.id);
    },
    onRejected() {},
  });
}
