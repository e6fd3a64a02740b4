import type { WebBodySink, WebResponseBody } from './body.ts';

/** A frame of trailers, uncompressed. */
const TRAILERS = 0x80;
/** Of a message: its flag, and its length in four octets. */
const MESSAGE_HEAD = 5;

/**
 * The last frame of a body: trailers as lines of HTTP/1, names in lower case, without the empty line. Source: gRPC's
 * PROTOCOL-WEB.md.
 */
function trailerFrame(trailers: readonly string[]): Buffer {
  let lines = '';
  for (let at = 0; at + 1 < trailers.length; at += 2)
    lines += `${trailers[at]!.toLowerCase()}: ${trailers[at + 1]}\r\n`;
  const frame = Buffer.allocUnsafe(MESSAGE_HEAD + lines.length);
  frame[0] = TRAILERS;
  frame.writeUInt32BE(lines.length, 1);
  frame.write(lines, MESSAGE_HEAD, 'latin1');
  return frame;
}

/** Messages go on as they are. */
export class BinaryResponseBody implements WebResponseBody {
  push(bytes: Buffer, start: number, end: number, sink: WebBodySink): void {
    sink.onData(bytes, start, end);
  }

  end(trailers: readonly string[], sink: WebBodySink): void {
    if (trailers.length === 0) return;
    const frame = trailerFrame(trailers);
    sink.onData(frame, 0, frame.length);
  }
}

/**
 * The body in base64, padded where a message ends and nowhere else: a message never waits for octets of the next, and
 * a client that decodes each by itself can.
 */
export class TextResponseBody implements WebResponseBody {
  /** Octets of a group of three that the last push cut. */
  readonly #cut = Buffer.allocUnsafe(3);
  #cutLength = 0;
  /** Octets of the message's head that there were, the length that they say, and what is left of the message. */
  #headRead = 0;
  #length = 0;
  #left = 0;

  push(bytes: Buffer, start: number, end: number, sink: WebBodySink): void {
    let text = '';
    for (let at = start; at < end;) {
      const to = this.#passMessage(bytes, at, end);
      text += this.#encode(bytes, at, to);
      if (this.#betweenMessages) text += this.#encodeCut();
      at = to;
    }
    emit(text, sink);
  }

  end(trailers: readonly string[], sink: WebBodySink): void {
    const cut = this.#encodeCut();
    emit(trailers.length === 0 ? cut : cut + trailerFrame(trailers).toString('base64'), sink);
  }

  get #betweenMessages(): boolean {
    return this.#headRead === 0;
  }

  /** Reads on in the message that `at` belongs to; returns where it ends, or `end`. */
  #passMessage(bytes: Buffer, at: number, end: number): number {
    while (this.#headRead < MESSAGE_HEAD) {
      if (at === end) return at;
      // The flag comes first, and says nothing here.
      if (this.#headRead++ > 0) this.#length = this.#length * 256 + bytes[at]!;
      at++;
      if (this.#headRead === MESSAGE_HEAD) this.#left = this.#length;
    }
    const to = Math.min(end, at + this.#left);
    this.#left -= to - at;
    if (this.#left === 0) this.#headRead = this.#length = 0;
    return to;
  }

  /** Whole groups of three; what is behind the last waits. */
  #encode(bytes: Buffer, at: number, to: number): string {
    let text = '';
    if (this.#cutLength > 0) {
      while (this.#cutLength < 3 && at < to) this.#cut[this.#cutLength++] = bytes[at++]!;
      if (this.#cutLength < 3) return '';
      text = this.#encodeCut();
    }
    const whole = to - ((to - at) % 3);
    text += bytes.toString('base64', at, whole);
    this.#cutLength = bytes.copy(this.#cut, 0, whole, to);
    return text;
  }

  #encodeCut(): string {
    const text = this.#cut.toString('base64', 0, this.#cutLength);
    this.#cutLength = 0;
    return text;
  }
}

function emit(text: string, sink: WebBodySink): void {
  if (text === '') return;
  const bytes = Buffer.from(text, 'latin1');
  sink.onData(bytes, 0, bytes.length);
}
