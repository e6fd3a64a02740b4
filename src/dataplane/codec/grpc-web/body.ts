/** Takes what a translated body holds, in order. */
export interface WebBodySink {
  /** `bytes[start, end)` are valid until it returns. */
  onData(bytes: Buffer, start: number, end: number): void;
}

/** Translates the body of one request. */
export interface WebRequestBody {
  /** Takes the next octets of the body, cut anywhere. @throws HttpRefusal when they are none of grpc-web. */
  push(bytes: Buffer, start: number, end: number, sink: WebBodySink): void;
  /** The body is complete. @throws HttpRefusal when it is not. */
  end(): void;
}

/** Translates the body of one response. */
export interface WebResponseBody {
  /** Takes the next octets of the body, cut anywhere. */
  push(bytes: Buffer, start: number, end: number, sink: WebBodySink): void;
  /**
   * The body is complete; nothing is behind it, since the trailers go into it.
   *
   * @param trailers names and values by turns, in any case and one character for each octet; empty for none, as behind
   *   a response that was over with its head.
   */
  end(trailers: readonly string[], sink: WebBodySink): void;
}
