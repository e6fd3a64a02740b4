import { WeftError } from '../../../core/errors.ts';
import type { CorrelatedCodec } from '../../message/correlated-codec.ts';
import type { FrameView } from '../../message/frame.ts';
import { BoltDecoder } from './decoder.ts';
import {
  encodeGoaway,
  encodeHeartbeat,
  encodeHeartbeatAck,
  encodeLocalReply,
  FAILURE_CODE_HEADER,
  FAILURE_UNSENT_HEADER,
  forwardFrame,
  forwardReply,
  GOAWAY_HEADER,
  shortenTimeout,
} from './encode.ts';
import type { BoltFrame } from './frame.ts';
import { findHeader, headerText, NOT_FOUND } from './headers.ts';

const KEY_FAILURE_CODE = Buffer.from(FAILURE_CODE_HEADER);
const KEY_FAILURE_UNSENT = Buffer.from(FAILURE_UNSENT_HEADER);
const KEY_GOAWAY = Buffer.from(GOAWAY_HEADER);

/** SOFABolt, protocol versions 1 and 2, mixed on a connection as they come. */
export const boltCodec: CorrelatedCodec = {
  type: 'bolt',
  createDecoder: (limits, budget, sink) => new BoltDecoder(limits, budget, sink),
  forward: forwardFrame,
  shortenTimeout,
  forwardReply: (out, frame, id, replyContext) => forwardReply(out, frame as BoltFrame, id, replyContext),
  localReply: encodeLocalReply,
  heartbeat: encodeHeartbeat,
  heartbeatAck: encodeHeartbeatAck,
  goaway: encodeGoaway,
  understandsGoaway: (view) => {
    const frame = view as BoltFrame;
    const end = frame.headerStart + frame.headerLength;
    return findHeader(frame.bytes, frame.headerStart, end, KEY_GOAWAY) !== NOT_FOUND;
  },
  failureOf,
};

function failureOf(view: FrameView): { code: string; unsent: boolean } | undefined {
  const frame = view as BoltFrame;
  const from = frame.headerStart;
  const to = from + frame.headerLength;
  try {
    const found = findHeader(frame.bytes, from, to, KEY_FAILURE_CODE);
    if (found === NOT_FOUND) return undefined;
    return {
      code: headerText(frame.bytes, found),
      unsent: findHeader(frame.bytes, from, to, KEY_FAILURE_UNSENT) !== NOT_FOUND,
    };
  } catch (error) {
    // Headers that cannot be read are not a sidecar's. The frame's own lengths hold: the connection is in step.
    if (error instanceof WeftError) return undefined;
    throw error;
  }
}
