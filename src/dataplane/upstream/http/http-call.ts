import type { WeftError } from '../../../core/errors.ts';
import type { Place } from '../../../core/line.ts';
import type { EndpointHandler, EndpointStream } from '../../message/http-stream.ts';

/** What a pool needs of a request that wants a stream. */
export interface HttpCall extends EndpointHandler {
  /** Here it is; the request is sent on it at once. */
  onStream(stream: EndpointStream): void;
  /** It waits for a stream, and leaves `place` when nobody waits for it any more. */
  onQueued(place: Place): void;
  /** There is none to be had here; nothing was sent. */
  onUnavailable(error: WeftError): void;
}
