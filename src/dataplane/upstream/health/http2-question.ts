import type { Clock } from '../../../core/clock.ts';
import { decodeHealthResponse, encodeHealthRequest, HEALTH_CHECK_PATH } from '../../codec/grpc/health.ts';
import { grpcStatusIn, grpcStatusOfHead } from '../../codec/grpc/reply.ts';
import { GrpcStatus } from '../../codec/grpc/status.ts';
import { formatGrpcTimeout } from '../../codec/grpc/timeout.ts';
import { Http2Connection } from '../../codec/http2/connection.ts';
import type { Http2Head } from '../../codec/http2/head.ts';
import type { Http2Owner } from '../../codec/http2/owner.ts';
import { DEFAULT_WINDOW, ErrorCode, type Http2Error } from '../../codec/http2/protocol.ts';
import type { Http2Stream, StreamHandler } from '../../codec/http2/stream.ts';
import type { ByteSink } from '../../message/frame.ts';
import { type Ask, type Asked, judgeStatus, MAX_ANSWER, type Question, USER_AGENT } from './question.ts';

const LIMITS = {
  maxStreams: 0,
  streamWindow: DEFAULT_WINDOW,
  connectionWindow: DEFAULT_WINDOW,
  maxHeaderList: MAX_ANSWER,
  maxFields: 100,
};

/** One request and how its response is judged. */
interface Call {
  /** Names and values by turns; pseudo fields first. */
  readonly fields: readonly string[];
  readonly content: Buffer | undefined;
  /** @returns what is not well; '' when all is. */
  judge(response: Response): string;
}

interface Response {
  readonly status: number;
  /** Undefined when neither head nor trailers say. */
  readonly grpcStatus: GrpcStatus | undefined;
  readonly content: Buffer;
}

/** One request on an HTTP/2 connection, in clear text and with prior knowledge. */
class Http2Question implements Question, Http2Owner, StreamHandler {
  readonly backlogged = false;
  readonly #asked: Asked;
  readonly #call: Call;
  readonly #h2: Http2Connection;
  #begun = false;
  #stream: Http2Stream | undefined;
  #status = 0;
  #grpcStatus: GrpcStatus | undefined;
  #content: Buffer[] = [];
  #octets = 0;

  constructor(asked: Asked, call: Call, clock: Clock) {
    this.#asked = asked;
    this.#call = call;
    this.#h2 = new Http2Connection('client', LIMITS, this, clock);
  }

  ask(): void {
    this.#begun = true;
    this.#h2.begin();
  }

  read(chunk: Buffer, length: number): void {
    this.#h2.read(chunk, 0, length);
  }

  end(): void {}

  close(): void {
    if (this.#begun) this.#h2.goaway(true);
    this.#h2.abandon();
  }

  // What the connection asks for and tells.

  out(): ByteSink {
    return this.#asked.out();
  }

  /** The peer's first word: from here on it is sure to understand. */
  onSettings(): void {
    if (this.#stream !== undefined) return;
    if (!this.#h2.mayOpen) return this.#asked.answer('it takes no requests on a new connection');
    const { fields, content } = this.#call;
    this.#stream = this.#h2.openStream(fields, content === undefined, this);
    if (content !== undefined) this.#stream.sendData(content, 0, content.length, true);
  }

  onRequest(stream: Http2Stream): StreamHandler {
    // A server opens none where push is off: the codec has ended the connection before.
    stream.reset(ErrorCode.refusedStream);
    return this;
  }

  onGoaway(): void {
    if (this.#stream === undefined) this.#asked.answer('it said goaway on a new connection');
  }

  onFailed(error: Http2Error): void {
    this.#asked.answer(this.#h2.greeted ? error.message : 'what answers there does not speak HTTP/2');
  }

  // What happens on the stream.

  onHead(head: Http2Head): void {
    if (head.status < 200) return;
    this.#status = head.status;
    this.#grpcStatus = grpcStatusOfHead(head);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#octets += end - start;
    // Never more than the window of the stream: what has come is not given back.
    this.#content.push(Buffer.from(bytes.subarray(start, end)));
    if (this.#octets > MAX_ANSWER) this.#judge();
  }

  onTrailers(fields: readonly string[]): void {
    this.#grpcStatus = grpcStatusIn(fields) ?? this.#grpcStatus;
  }

  onEnd(): void {
    this.#judge();
  }

  onReset(code: number): void {
    this.#asked.answer(`the request was reset with code ${code}`);
  }

  onWritable(): void {}

  onClosed(): void {}

  #judge(): void {
    const content = Buffer.concat(this.#content);
    this.#asked.answer(this.#call.judge({ status: this.#status, grpcStatus: this.#grpcStatus, content }));
  }
}

function pseudo(method: string, authority: string, path: string): readonly string[] {
  return [':method', method, ':scheme', 'http', ':authority', authority, ':path', path, 'user-agent', USER_AGENT];
}

/** A GET. */
export const askHttp2: Ask = (asked, policy, { clock }) => {
  const { path = '/', host = asked.address } = policy;
  const fields = [...pseudo('GET', host, path), 'accept', '*/*'];
  return new Http2Question(
    asked,
    { fields, content: undefined, judge: ({ status }) => judgeStatus(status, policy) },
    clock,
  );
};

/** A call of grpc.health.v1.Health/Check. */
export const askGrpc: Ask = (asked, policy, { clock }) => {
  const { host = asked.address, service = '', timeout } = policy;
  const grpc = ['te', 'trailers', 'content-type', 'application/grpc', 'grpc-timeout', formatGrpcTimeout(timeout)];
  const fields = [...pseudo('POST', host, HEALTH_CHECK_PATH), ...grpc];
  return new Http2Question(asked, { fields, content: encodeHealthRequest(service), judge: judgeGrpc }, clock);
};

function judgeGrpc({ status, grpcStatus, content }: Response): string {
  if (grpcStatus === undefined) return `status ${status} of HTTP, and no status of gRPC`;
  if (grpcStatus === GrpcStatus.unimplemented) return 'it does not implement grpc.health.v1.Health';
  // So a server says that it knows no service of this name. Source: gRPC's health-checking.md.
  if (grpcStatus === GrpcStatus.notFound) return 'it does not know this service (health.service)';
  if (grpcStatus !== GrpcStatus.ok) return `gRPC status ${grpcStatus}`;
  const serving = decodeHealthResponse(content);
  if (serving === undefined) return 'the answer is no HealthCheckResponse';
  return serving === 'SERVING' ? '' : serving;
}
