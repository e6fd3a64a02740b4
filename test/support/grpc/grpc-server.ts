import type { EventEmitter } from 'node:events';
import { promisify } from 'node:util';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type StatusObject,
} from '@grpc/grpc-js';
import type { Owner } from '../children.ts';
import { bytesOf, loadCalls, type Call, type Method, type Reply } from './grpc-service.ts';

/** What the server knows of a call. */
export interface SeenCall {
  readonly method: Method;
  readonly metadata: Metadata;
  /** The time that its caller gave it, in ms from its arrival. */
  readonly timeLeft: number;
  cancelled: boolean;
}

export interface GrpcServer {
  readonly port: number;
  /** In the order of arrival. */
  readonly calls: readonly SeenCall[];
  /** Drops all connections and stops listening. */
  kill(): void;
}

type AnyCall =
  | ServerUnaryCall<Call, Reply>
  | ServerReadableStream<Call, Reply>
  | ServerWritableStream<Call, Reply>
  | ServerDuplexStream<Call, Reply>;

/**
 * A server of grpc-js that offers demo.Calls on a free port, or on `port`; it ends with its owner. `prepare` may add
 * other services.
 */
export async function startGrpcServer(
  owner: Owner,
  options: object = {},
  port = 0,
  prepare: (server: Server) => void = () => undefined,
): Promise<GrpcServer> {
  const server = new Server({ 'grpc.max_receive_message_length': -1, ...options });
  prepare(server);
  const calls: SeenCall[] = [];
  const see = (method: Method, call: AnyCall): void => {
    const { metadata } = call;
    const seen: SeenCall = { method, metadata, timeLeft: timeLeftOf(call), cancelled: false };
    (call as EventEmitter).on('cancelled', () => (seen.cancelled = true));
    calls.push(seen);
    answerMetadata(call);
  };
  server.addService(loadCalls().service, {
    Unary(call: ServerUnaryCall<Call, Reply>, callback: sendUnaryData<Reply>) {
      see('Unary', call);
      const { request } = call;
      endUnary(call, callback, request, replyTo(request, request.payload?.length ?? 0));
    },
    Collect(call: ServerReadableStream<Call, Reply>, callback: sendUnaryData<Reply>) {
      see('Collect', call);
      const texts: string[] = [];
      let received = 0;
      let last: Call = {};
      call.on('data', (message: Call) => {
        last = message;
        texts.push(message.text ?? '');
        received += message.payload?.length ?? 0;
      });
      call.on('end', () => endUnary(call, callback, last, replyTo({ ...last, text: texts.join(' ') }, received)));
    },
    Spread(call: ServerWritableStream<Call, Reply>) {
      see('Spread', call);
      const { request } = call;
      for (let i = 0; i < (request.count ?? 0); i++) {
        call.write(replyTo({ ...request, text: `${request.text} ${i}` }, 0));
      }
      endStream(call, request);
    },
    Chat(call: ServerDuplexStream<Call, Reply>) {
      see('Chat', call);
      let last: Call = {};
      call.on('data', (message: Call) => {
        last = message;
        call.write(replyTo(message, message.payload?.length ?? 0));
        if (message.code) endStream(call, message);
      });
      call.on('end', () => {
        if (!last.code) endStream(call, last);
      });
    },
  });
  owner.after(async () => server.forceShutdown());
  const bind = promisify(server.bindAsync.bind(server));
  const bound = await bind(`127.0.0.1:${port}`, ServerCredentials.createInsecure());
  return { port: bound, calls, kill: () => server.forceShutdown() };
}

function timeLeftOf(call: AnyCall): number {
  return Number(call.getDeadline()) - Date.now();
}

/** What came as x-ask and x-ask-bin goes back as x-told and x-told-bin, before the first reply. */
function answerMetadata(call: AnyCall): void {
  const told = new Metadata();
  for (const value of call.metadata.get('x-ask')) told.add('x-told', value);
  for (const value of call.metadata.get('x-ask-bin')) told.add('x-told-bin', value);
  if (Object.keys(told.getMap()).length > 0) call.sendMetadata(told);
}

/** And after the last, as x-ended and x-ended-bin. */
function trailersOf(call: AnyCall): Metadata {
  const ended = new Metadata();
  for (const value of call.metadata.get('x-ask')) ended.add('x-ended', value);
  for (const value of call.metadata.get('x-ask-bin')) ended.add('x-ended-bin', value);
  return ended;
}

function replyTo({ text = '', size = 0 }: Call, received: number): Reply {
  return { text, payload: bytesOf(size), received };
}

function endUnary(call: AnyCall, callback: sendUnaryData<Reply>, request: Call, reply: Reply): void {
  if (request.hang) return;
  if (request.code) callback(statusOf(call, request));
  else callback(null, reply, trailersOf(call));
}

function endStream(call: ServerWritableStream<Call, Reply> | ServerDuplexStream<Call, Reply>, request: Call): void {
  if (request.hang) return;
  if (request.code) call.emit('error', statusOf(call, request));
  else call.end(trailersOf(call));
}

function statusOf(call: AnyCall, { code = 0, details = '' }: Call): StatusObject {
  return { code, details, metadata: trailersOf(call) };
}
