/** One connection of the load. */
export type Lane = {
  /** Requests without a reply yet. */
  readonly outstanding: number;
  readonly hasRoom: boolean;
  /** Adds one request to the next write. `since`, in ms, is when its latency starts to count. Only while there is room. */
  send(since: number): void;
  flush(): void;
  close(): void;
};

export type LaneEvents = {
  /** A reply that passed its checks. `since` is what `send` was given for this request, `now` when its bytes were read. */
  onReply(since: number, now: number): void;
  /** After all replies of one read: the time to send more. */
  onRead(lane: Lane, now: number): void;
  /** A reply that differs from what was sent, or a broken connection. */
  onFailure(what: string): void;
};

export type LaneOptions = {
  port: number;
  /** The connection's own number, part of every request. */
  number: number;
  /** Most requests without a reply, a power of two. */
  capacity: number;
  /** Memory that a read fills; lanes can share it, since every read is used up at once. */
  readBuffer: Buffer;
  events: LaneEvents;
};
