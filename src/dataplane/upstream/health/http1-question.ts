import { responseFraming } from '../../codec/http1/framing.ts';
import type { Http1Head } from '../../codec/http1/head.ts';
import { HeadWriter, newHopFields } from '../../codec/http1/head-writer.ts';
import { MessageReader, type MessageSink } from '../../codec/http1/message-reader.ts';
import type { HealthPolicy } from '../../cluster/policy.ts';
import { Known, marksOf } from '../../message/http-fields.ts';
import type { RequestHead } from '../../message/http-head.ts';
import { HttpRefusal } from '../../message/http-refusal.ts';
import { type Ask, type Asked, judgeStatus, MAX_ANSWER, type Question, USER_AGENT } from './question.ts';

const LIMITS = { maxHead: MAX_ANSWER, maxFields: 100, maxTrailers: MAX_ANSWER };
const GET = { head: false, connect: false };
const EDITS = { without: marksOf(), withoutNames: undefined, added: ['user-agent', USER_AGENT, 'accept', '*/*'] };

/** A GET of HTTP/1.1. It is answered when all of the response has come, so that no server is cut in the middle of it. */
class Http1Question implements Question, MessageSink {
  readonly #asked: Asked;
  readonly #policy: HealthPolicy;
  readonly #reader = new MessageReader('response', LIMITS, this);
  #interim = false;
  #problem = '';
  #octets = 0;

  constructor(asked: Asked, policy: HealthPolicy) {
    this.#asked = asked;
    this.#policy = policy;
  }

  ask(): void {
    const { path = '/', host = this.#asked.address } = this.#policy;
    const hop = { ...newHopFields(), host, connection: 'close' as const };
    new HeadWriter().request(this.#asked.out(), get(host, path), undefined, EDITS, hop);
  }

  read(chunk: Buffer, length: number): void {
    try {
      this.#reader.read(chunk, length);
    } catch (error) {
      if (!(error instanceof HttpRefusal)) throw error;
      this.#asked.answer(`sent what is not HTTP/1.1: ${error.message}`);
    }
  }

  end(): void {
    if (this.#reader.endsWithConnection) this.#asked.answer(this.#problem);
  }

  close(): void {
    this.#reader.close();
  }

  onHead(head: Http1Head): number {
    const { status } = head;
    this.#interim = status < 200 && status !== 101;
    this.#problem = judgeStatus(status, this.#policy);
    return responseFraming(head, GET);
  }

  onData(_bytes: Buffer, start: number, end: number): void {
    this.#octets += end - start;
    if (this.#octets > MAX_ANSWER) this.#asked.answer(this.#problem);
  }

  onTrailer(): void {}

  onMessageEnd(): void {
    if (this.#interim) this.#reader.next();
    else this.#asked.answer(this.#problem);
  }
}

/** A head without fields: those are in the edits. */
function get(authority: string, path: string): RequestHead {
  return {
    ...{ method: 'GET', scheme: 'http', authority, path, protocol: '', count: 0 },
    knownAt: () => Known.other,
    name: () => '',
    value: () => '',
    has: () => false,
    get: () => undefined,
  };
}

export const askHttp1: Ask = (asked, policy) => new Http1Question(asked, policy);
