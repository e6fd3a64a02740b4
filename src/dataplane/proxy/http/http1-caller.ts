import { BudgetShare } from '../../../core/budget-share.ts';
import { writeChunks, writeLastChunk } from '../../codec/http1/chunks.ts';
import {
  type ConnectionOptions,
  connectionOptions,
  isConnect,
  keepsAlive,
  requestFraming,
} from '../../codec/http1/framing.ts';
import type { Http1Head } from '../../codec/http1/head.ts';
import type { HopFields } from '../../codec/http1/head-writer.ts';
import { MessageReader, type MessageSink } from '../../codec/http1/message-reader.ts';
import { webSocketAccept } from '../../codec/http1/web-socket-handshake.ts';
import type { ConnectionForwarding } from '../../message/forwarding.ts';
import { Known } from '../../message/http-fields.ts';
import { asksToOpen, type HeadEdits, type ResponseHead } from '../../message/http-head.ts';
import { HttpRefusal } from '../../message/http-refusal.ts';
import { type CallerExchange, type CallerStream, NO_TRAILERS, type Trailers } from '../../message/http-stream.ts';
import { writeBytes } from '../../message/write-bytes.ts';
import type { Connection } from '../../net/connection.ts';
import { CallerWatch, type Watched } from '../caller-watch.ts';
import type { ListenerPeer, PeerEvents } from '../listener-peer.ts';
import { logRefusal } from './failure-log.ts';
import type { HttpScope } from './http-scope.ts';
import { answerFailure, NO_MEMORY, outcomeOfRefusal } from './local-answer.ts';

/** Content that waits for the caller: above this its source pauses. */
const MAX_QUEUED = 256 << 10;

/** A caller's HTTP/1 connection: its requests one after the other, however early it sends them. RFC 9112. */
export class Http1Caller implements CallerStream, MessageSink, Watched, ListenerPeer {
  readonly version = 1;
  readonly headStays = false;
  readonly connection: Connection;
  readonly forwarding: ConnectionForwarding;
  readonly holdsUpOthers = false;
  readonly #scope: HttpScope;
  readonly #events: PeerEvents;
  readonly #watch: CallerWatch;
  readonly #reader: MessageReader;
  /** What the reader keeps. */
  readonly #held: BudgetShare;
  readonly #options: ConnectionOptions = { close: false, keepAlive: false, upgrade: false };
  #exchange: CallerExchange | undefined;
  #trailers: string[] = [];
  #backlog = false;
  /** Content of the request is wanted. */
  #flowing = true;
  // Of the request at hand.
  #head: Http1Head | undefined;
  #minor: 0 | 1 = 1;
  #isHead = false;
  #webSocketKey = '';
  #requestEnded = true;
  #keepAlive = false;
  // Of its response.
  #chunked = false;
  #bodyless = false;
  #responseEnded = true;
  #tunnel = false;
  /** The caller has ended its side. */
  #callerEnded = false;
  #draining = false;
  /** Why it takes no more requests; undefined while it does. */
  #leaving: string | undefined;
  #ended = false;

  constructor(scope: HttpScope, events: PeerEvents, connection: Connection, forwarding: ConnectionForwarding) {
    this.#scope = scope;
    this.#events = events;
    this.connection = connection;
    this.forwarding = forwarding;
    this.#reader = new MessageReader('request', scope.headLimits, this);
    this.#held = new BudgetShare(scope.deps.budget);
    this.#watch = new CallerWatch(this, scope);
  }

  get httpVersion(): '1.0' | '1.1' {
    return this.#minor === 0 ? '1.0' : '1.1';
  }

  get peer(): string {
    return this.connection.remote;
  }

  get congested(): boolean {
    if (this.#backlog) return true;
    if (this.connection.queued <= (this.#scope.deps.net.full ? 0 : MAX_QUEUED)) return false;
    this.connection.whenBelow(0, this.#drained);
    return true;
  }

  get active(): number {
    return this.#exchange === undefined ? 0 : 1;
  }

  get incomplete(): number {
    return this.#reader.incompleteHead;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get requestPatience(): number {
    return this.#scope.limits.headTimeout;
  }

  get replyPatience(): number {
    return this.#scope.stallTimeout;
  }

  // What the connection tells.

  onBytes(chunk: Buffer, length: number): void {
    this.#watch.heardAt = this.#scope.deps.clock.now();
    if (this.#leaving !== undefined && this.#exchange === undefined) return;
    try {
      this.#reader.read(chunk, length);
    } catch (error) {
      this.#refuse(error);
    }
    if (!this.#held.set(this.#reader.held) && !this.#ended) this.#overflow();
    const { incompleteHead } = this.#reader;
    if (incompleteHead > 0) this.#watch.cameInPart(incompleteHead, length);
    this.#updateReading();
  }

  onEnd(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.leave('closed by the caller');
    this.#callerEnded = true;
    if (this.#tunnel) return this.#onTunnelEnd(exchange);
    if (this.#requestEnded) {
      this.#leaving ??= 'closed by the caller';
      return;
    }
    this.#lose('closed by the caller in the middle of a request');
  }

  onClose(reason: string): void {
    this.#watch.stop();
    this.#stopReading();
    this.#ended = true;
    this.#dropExchange();
    this.#events.closed(this, this.#leaving ?? reason);
  }

  onBacklog(full: boolean): void {
    this.#backlog = full;
    if (!full) this.#drained();
  }

  onUnsent(): void {
    this.#watch.closely();
  }

  readonly #drained = (): void => this.#exchange?.onCallerDrained();

  // What its messages hold.

  onHead(head: Http1Head): number {
    const framing = requestFraming(head);
    connectionOptions(head, this.#options);
    this.#begin(head);
    const connects = isConnect(head);
    if (this.#options.upgrade && framing === 0 && !connects) head.protocol = this.#upgradeOf(head);
    if (connects && framing !== 0) throw new HttpRefusal(400, 'CONNECT with content (RFC 9110, section 9.3.6)');
    const { maxBody } = this.#scope.limits;
    if (maxBody > 0 && framing > maxBody)
      throw new HttpRefusal(413, `a body of ${framing} octets (maxBody ${maxBody})`);
    const exchange = this.#scope.open(this, head);
    this.#exchange = exchange;
    this.#requestEnded = framing === 0;
    // Of a tunnel the other end has to agree first.
    exchange.start(head, framing === 0 && !asksToOpen(head));
    return framing;
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#exchange?.onRequestData(bytes, start, end);
  }

  onTrailer(name: string, value: string): void {
    this.#trailers.push(name, value);
  }

  onMessageEnd(): void {
    const trailers = this.#trailers;
    this.#trailers = [];
    if (!this.#requestEnded) {
      this.#requestEnded = true;
      this.#exchange?.onRequestEnd(trailers);
    } else if (this.#responseEnded && this.#leaving === undefined) {
      // Answered at once, before the reader had passed the head.
      this.#next();
    }
  }

  // What the exchange asks for.

  sendInterim(head: ResponseHead, edits: HeadEdits): void {
    // HTTP/1.0 has no interim responses. RFC 9110, section 15.2.
    if (this.#minor === 0 || this.#ended) return;
    this.#writeHead(head.status, head, edits, this.#freshHop());
  }

  sendResponse(head: ResponseHead, edits: HeadEdits, end: boolean): void {
    if (this.#ended) return;
    const { status } = head;
    const sized = head.has(Known.contentLength) && edits.without[Known.contentLength] !== 1;
    this.#bodyless = this.#isHead || status === 204 || status === 304;
    this.#chunked = !end && !sized && !this.#bodyless && this.#minor === 1;
    // The end of a body that neither a length nor chunks tell is the end of the connection.
    if (!end && !sized && !this.#bodyless && this.#minor === 0) this.#keepAlive = false;
    // Who has its answer may not send the rest; then what follows would be taken for content. RFC 9112, section 9.6.
    if (!this.#requestEnded) this.#keepAlive = false;
    if (this.#draining || this.#leaving !== undefined) this.#keepAlive = false;
    const hop = this.#freshHop();
    hop.chunked = this.#chunked;
    hop.empty = end && !sized && !this.#bodyless;
    if (!this.#keepAlive) hop.connection = 'close';
    else if (this.#minor === 0) hop.connection = 'keep-alive';
    this.#writeHead(status, head, edits, hop);
    if (end) this.#onResponseEnd();
  }

  sendTunnel(head: ResponseHead, edits: HeadEdits): void {
    const hop = this.#freshHop();
    hop.upgrade = this.#head!.protocol;
    if (this.#webSocketKey !== '' && !head.has(Known.secWebSocketAccept)) {
      hop.key = webSocketAccept(this.#webSocketKey);
    }
    this.#writeHead(hop.upgrade === '' ? 200 : 101, head, edits, hop);
    this.#tunnel = true;
    this.#requestEnded = false;
    this.#reader.tunnel();
    this.#held.set(this.#reader.held);
    if (this.#callerEnded && this.#exchange !== undefined) this.#onTunnelEnd(this.#exchange);
    this.#updateReading();
  }

  sendData(bytes: Buffer, start: number, end: number): void {
    if (this.#bodyless || start === end || this.#ended) return;
    const out = this.connection.out();
    if (this.#chunked) writeChunks(out, bytes, start, end);
    else writeBytes(out, bytes, start, end);
  }

  sendEnd(trailers: Trailers): void {
    if (this.#tunnel) return this.#endTunnel();
    if (this.#chunked) writeLastChunk(this.connection.out(), trailers);
    this.#onResponseEnd();
  }

  keepHead(scratch: Buffer): Buffer {
    const head = this.#head!;
    const length = head.length;
    const target = scratch.length >= length ? scratch : Buffer.allocUnsafeSlow(Math.max(1024, length));
    head.keepIn(target);
    return target;
  }

  setFlowing(flowing: boolean): void {
    this.#flowing = flowing;
    this.#updateReading();
  }

  abort(): void {
    this.#exchange = undefined;
    this.connection.destroy('the response could not be completed');
  }

  // What the listener and the watch ask for.

  drain(): void {
    if (this.#draining || this.#leaving !== undefined) return;
    this.#draining = true;
    this.#watch.closely();
  }

  leave(reason: string): void {
    if (this.#leaving !== undefined) return;
    this.#leaving = reason;
    if (this.#reader.incompleteHead > 0) this.#answerRefusal(408, reason);
    if (this.#exchange === undefined) this.#end();
  }

  cutShort(): void {
    if (this.#ended) return this.connection.destroy(this.#leaving!);
    this.#dropExchange();
    this.#end();
  }

  cut(reason: string): void {
    this.connection.destroy(reason);
  }

  adjusted(): void {
    this.#watch.rearm();
  }

  #begin(head: Http1Head): void {
    this.#watch.calledAt = this.#watch.heardAt;
    this.#head = head;
    this.#minor = head.minor;
    head.scheme = this.connection.encrypted ? 'https' : 'http';
    this.#isHead = head.methodEnd - head.methodStart === 4 && head.method === 'HEAD';
    this.#webSocketKey = '';
    this.#keepAlive = keepsAlive(head, this.#options);
    this.#chunked = this.#bodyless = this.#tunnel = this.#responseEnded = false;
    this.#flowing = true;
  }

  /** What the request may go on in: one of the protocols that the config names; '' for none. RFC 9110, section 7.8. */
  #upgradeOf(head: Http1Head): string {
    const wanted = (head.get(Known.upgrade) ?? '').toLowerCase();
    if (head.minor === 0 || !this.#scope.upgrades.includes(wanted)) return '';
    if (wanted === 'websocket') this.#webSocketKey = head.get(Known.secWebSocketKey) ?? '';
    return wanted;
  }

  /** What the head to be written says of this hop, as if there were nothing to say. */
  #freshHop(): HopFields {
    const { hop } = this.#scope;
    hop.chunked = hop.empty = false;
    hop.connection = undefined;
    hop.upgrade = hop.key = '';
    return hop;
  }

  #writeHead(status: number, head: ResponseHead, edits: HeadEdits, hop: HopFields): void {
    this.#scope.http1Writer.response(this.connection.out(), status, head, edits, hop);
  }

  #onResponseEnd(): void {
    this.#responseEnded = true;
    this.#exchange = undefined;
    this.#flowing = true;
    // What is still to come of the request is read and passed over, for a moment.
    if (!this.#requestEnded) this.#leaving ??= 'answered before the request was complete';
    else if (!this.#keepAlive) this.#leaving ??= 'the last response of the connection';
    if (this.#leaving === undefined) this.#next();
    else this.#end();
  }

  #next(): void {
    this.#watch.answered();
    try {
      this.#reader.next();
    } catch (error) {
      this.#refuse(error);
    }
    // No more than before.
    this.#held.set(this.#reader.held);
    this.#updateReading();
  }

  /** The endpoint sends no more through the tunnel; its caller may. */
  #endTunnel(): void {
    this.#leaving ??= 'the tunnel has ended';
    this.#responseEnded = true;
    if (this.#requestEnded) this.#end();
    else this.connection.end();
  }

  /** The same from the other side. */
  #onTunnelEnd(exchange: CallerExchange): void {
    this.#leaving ??= 'the tunnel has ended';
    this.#requestEnded = true;
    exchange.onRequestEnd(NO_TRAILERS);
    if (this.#responseEnded) this.#end();
  }

  /** What comes is not HTTP/1: answer, if nothing has been answered yet, and close. RFC 9112, section 2.2. */
  #refuse(refusal: unknown): void {
    if (!(refusal instanceof HttpRefusal)) throw refusal;
    const { status, message } = refusal;
    this.#stopReading();
    this.#leaving ??= message;
    this.#keepAlive = false;
    this.#scope.deps.log.warn('refusing a request that is not well-formed HTTP/1', {
      listener: this.#scope.name,
      peer: this.connection.remote,
      reason: message,
    });
    if (this.#exchange !== undefined) return this.#exchange.onRequestBroken(status, message);
    this.#scope.unrouted(outcomeOfRefusal(status));
    this.#answerRefusal(status, message);
  }

  /** The last that this connection says, to a request that has no exchange. */
  #answerRefusal(status: number, message: string): void {
    this.#isHead = false;
    this.#keepAlive = false;
    this.#stopReading();
    const failure = { outcome: outcomeOfRefusal(status), message, status };
    answerFailure(this, { isHead: false, grpc: false }, failure, this.#scope.deps.clock.wall());
  }

  #stopReading(): void {
    this.#reader.close();
    this.#held.set(0);
  }

  /** There is no memory for what has come and cannot go on yet. What is under way may end. */
  #overflow(): void {
    const { inBody } = this.#reader;
    const opens = this.#head !== undefined && asksToOpen(this.#head) && !this.#tunnel;
    this.#stopReading();
    this.#leaving ??= NO_MEMORY;
    this.#keepAlive = false;
    const exchange = this.#exchange;
    if (exchange === undefined) {
      logRefusal(this.#scope, { peer: this.peer, outcome: 'overload', status: 503, reason: NO_MEMORY });
      this.#scope.unrouted('overload');
      this.#answerRefusal(503, NO_MEMORY);
    } else if (inBody || opens) {
      exchange.onRequestBroken(503, NO_MEMORY);
    }
  }

  #lose(reason: string): void {
    this.#leaving ??= reason;
    this.#dropExchange();
    this.#end();
  }

  #dropExchange(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.onCallerGone();
  }

  #updateReading(): void {
    if (this.#ended) return;
    // What comes behind a request waits for its turn with the caller, not here.
    const crowded = this.#reader.waiting > 0;
    this.connection.setReading(!crowded && (this.#flowing || this.#requestEnded));
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stopReading();
    this.#exchange = undefined;
    this.connection.setReading(true);
    this.connection.end();
    this.#watch.lastWord();
  }
}
