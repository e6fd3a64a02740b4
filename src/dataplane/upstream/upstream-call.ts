import type { WeftError } from '../../core/errors.ts';
import type { Place } from '../../core/line.ts';
import type { FrameView } from '../message/frame.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

/** Why a request cannot wait: no copy of it can be kept. */
export const NO_MEMORY = 'no memory left for requests that wait (maxBuffered)';

/** What an upstream connection needs of a request that it carries. */
export interface UpstreamCall {
  readonly oneway: boolean;
  /** Copies the frame `bytes[start, end)`, which is about to become invalid; false when there is no memory left. */
  keep(bytes: Buffer, start: number, end: number): boolean;
  /** The copy that was kept, to be sent now: it says how long the caller still waits. */
  takeUp(): Buffer;
  /** It waits for a connection, and leaves `place` when nobody waits for its reply any more. */
  onQueued(place: Place): void;
  /** It has been written on `connection` under the request id `id`; a one-way call has no id. */
  onSent(connection: UpstreamConnection, id: number): void;
  onReply(frame: FrameView): void;
  /** `retriable` says whether the upstream has certainly not seen it. */
  onFailure(error: WeftError): void;
}
