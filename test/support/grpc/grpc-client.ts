import type { EventEmitter } from 'node:events';
import {
  type CallOptions,
  type ClientWritableStream,
  credentials,
  Metadata,
  type ServiceError,
  type StatusObject,
  type Client,
} from '@grpc/grpc-js';
import type { Owner } from '../children.ts';
import { loadCalls, type Call, type Method, type Reply } from './grpc-service.ts';

/** All that a call has brought. */
export interface Ended {
  readonly replies: readonly Reply[];
  readonly status: StatusObject;
  /** What came before the first reply; empty when nothing did. */
  readonly metadata: Metadata;
}

export interface Asked {
  readonly metadata?: Readonly<Record<string, readonly (string | Buffer)[]>>;
  /** Of the whole call, in ms. */
  readonly timeout?: number;
}

/** A call that is under way. */
export interface RunningCall {
  readonly replies: readonly Reply[];
  /** Resolves when the call is over, whatever its status. */
  readonly ended: Promise<Ended>;
  /** Of a stream of calls. */
  write(call: Call): void;
  end(): void;
  cancel(): void;
}

export interface GrpcClient {
  /** Sends all calls and takes all replies. Methods that take one call take the first. */
  call(method: Method, calls: Call | readonly Call[], asked?: Asked): Promise<Ended>;
  /** For a method that takes a stream, `first` is its first call and more may follow. */
  open(method: Method, first: Call, asked?: Asked): RunningCall;
}

type Started = EventEmitter & { cancel(): void };
type Callback = (error: ServiceError | null, reply?: Reply) => void;
type Stub = Client & Record<Method, (...args: unknown[]) => Started>;

/** A client of grpc-js with a connection of its own to 127.0.0.1:port, for the service at `host`. */
export function openGrpcClient(owner: Owner, port: number, host: string, options: object = {}): GrpcClient {
  const stub = new (loadCalls())(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.default_authority': host,
    'grpc.max_receive_message_length': -1,
    // Else clients to the same port share a connection.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    ...options,
  }) as unknown as Stub;
  owner.after(async () => stub.close());
  const open = (method: Method, first: Call, asked: Asked = {}): RunningCall => start(stub, method, first, asked);
  return {
    open,
    call(method, calls, asked) {
      const [first = {}, ...rest] = [calls].flat();
      const running = open(method, first, asked);
      for (const call of rest) running.write(call);
      running.end();
      return running.ended;
    },
  };
}

function start(stub: Stub, method: Method, first: Call, asked: Asked): RunningCall {
  const replies: Reply[] = [];
  const sent = metadataOf(asked);
  const options: CallOptions = asked.timeout === undefined ? {} : { deadline: Date.now() + asked.timeout };
  const onReply: Callback = (_error, reply) => {
    if (reply !== undefined) replies.push(reply);
  };
  const takesStream = method === 'Collect' || method === 'Chat';
  const givesStream = method === 'Spread' || method === 'Chat';
  const args = [...(takesStream ? [] : [first]), sent, options, ...(givesStream ? [] : [onReply])];
  const started = stub[method](...args);
  const writable = takesStream ? (started as unknown as ClientWritableStream<Call>) : undefined;
  writable?.write(first);
  if (givesStream) started.on('data', (reply: Reply) => replies.push(reply));
  return {
    replies,
    ended: endOf(started, replies),
    write: (call) => void writable?.write(call),
    end: () => void writable?.end(),
    cancel: () => started.cancel(),
  };
}

/** grpc-js gives the status after the last reply. */
function endOf(started: Started, replies: readonly Reply[]): Promise<Ended> {
  let metadata = new Metadata();
  started.on('metadata', (came: Metadata) => (metadata = came));
  // Said by the status as well.
  started.on('error', () => undefined);
  return new Promise((resolve) => {
    started.on('status', (status: StatusObject) => resolve({ replies, status, metadata }));
  });
}

function metadataOf({ metadata = {} }: Asked): Metadata {
  const made = new Metadata();
  for (const [name, values] of Object.entries(metadata)) for (const value of values) made.add(name, value);
  return made;
}
