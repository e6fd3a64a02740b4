/** How a request is answered in the stead of its service; at least one of the two is there. */
export interface Abort {
  /** Of HTTP. */
  readonly status: number | undefined;
  readonly grpc: number | undefined;
}

/** What is done to one request before it goes on. */
export interface Fault {
  /** Milliseconds; 0: none. */
  readonly delay: number;
  /** It goes on nowhere. */
  readonly abort: Abort | undefined;
  /** Why what its caller asks for cannot be done, for people. */
  readonly problem?: string;
}
