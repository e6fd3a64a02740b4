import { BudgetShare } from '../../../core/budget-share.ts';
import { WeftError } from '../../../core/errors.ts';
import { NOT_SET, type WheelEntry } from '../../../core/timer-wheel.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import { writeChunks, writeLastChunk } from '../../codec/http1/chunks.ts';
import {
  CHUNKED,
  type ConnectionOptions,
  connectionOptions,
  keepsAlive,
  responseFraming,
} from '../../codec/http1/framing.ts';
import type { Http1Head } from '../../codec/http1/head.ts';
import { MessageReader, type MessageSink } from '../../codec/http1/message-reader.ts';
import { webSocketKey } from '../../codec/http1/web-socket-handshake.ts';
import { Known } from '../../message/http-fields.ts';
import { asksToOpen, type HeadEdits, type RequestHead } from '../../message/http-head.ts';
import { HttpRefusal } from '../../message/http-refusal.ts';
import { writeBytes } from '../../message/write-bytes.ts';
import type { EndpointHandler, EndpointStream, Trailers } from '../../message/http-stream.ts';
import { connect, type ConnectHandler } from '../../net/connect.ts';
import type { Connection } from '../../net/connection.ts';
import type { HttpCall } from './http-call.ts';
import type { HttpConnection, HttpConnectionEvents } from './http-connection.ts';
import type { HttpPoolDeps } from './http-deps.ts';

/** Methods whose requests have a body as a rule, so that none has to be said. RFC 9110, section 8.6. */
const EXPECTS_CONTENT: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

const NO_MEMORY = 'no memory left for responses that are incomplete (maxBuffered)';

/** Of a response that nobody wants so much is read, and for so long, to keep its connection. */
const MAX_DISCARDED = 64 << 10;
const DISCARD_MS = 1000;

const FOR_EVER = Number.POSITIVE_INFINITY;

type State = 'connecting' | 'idle' | 'busy' | 'closed';

/** One HTTP/1.1 connection to an endpoint: a request and its response at a time. */
export class Http1Upstream implements HttpConnection, EndpointStream, ConnectHandler, MessageSink, WheelEntry {
  deadline = 0;
  wheelSlot = NOT_SET;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;

  readonly version = 1;
  inLine = false;
  readonly #deps: HttpPoolDeps;
  readonly #cluster: Cluster;
  readonly #endpoint: Endpoint;
  readonly #events: HttpConnectionEvents;
  readonly #connection: Connection;
  readonly #reader: MessageReader;
  /** What the reader keeps. */
  readonly #held: BudgetShare;
  readonly #options: ConnectionOptions = { close: false, keepAlive: false, upgrade: false };
  readonly #trailers: string[] = [];
  #state: State = 'connecting';
  #handler: EndpointHandler | undefined;
  #carried = false;
  /** Anything of the response at hand. */
  #heard = false;
  #idleSince = 0;
  #congested = false;
  #draining = false;
  // Of the request at hand.
  #method = { head: false, connect: false };
  #protocol = '';
  #chunked = false;
  #requestEnded = false;
  #responseEnded = false;
  #keepAlive = false;
  /** How long its peer keeps it without a request, in ms, as its first response has said. */
  #kept = FOR_EVER;
  #tunnel = false;
  /** What has just come is being read: what may be behind a response is not known yet. */
  #inRead = false;
  /** The exchange has ended in the meantime. */
  #over = false;
  /** How the body of the response ends, as `responseFraming` says. */
  #rest = 0;
  /** The head of the response has come. */
  #answered = false;
  /** The rest of the response is for nobody; so many octets of it have come. */
  #discarding = false;
  #discarded = 0;
  /** The message at hand is a 1xx. */
  #interim = false;

  constructor(deps: HttpPoolDeps, cluster: Cluster, endpoint: Endpoint, events: HttpConnectionEvents) {
    this.#deps = deps;
    this.#cluster = cluster;
    this.#endpoint = endpoint;
    this.#events = events;
    const { maxHead, maxFields, highWater } = deps.http;
    this.#reader = new MessageReader('response', { maxHead, maxFields, maxTrailers: maxHead }, this);
    this.#held = new BudgetShare(deps.budget);
    const { host, port } = endpoint;
    const timeoutMs = cluster.policy.connectTimeout;
    this.#connection = connect(deps.net, deps.clock, { host, port, timeoutMs, highWater }, this);
  }

  get connecting(): boolean {
    return this.#state === 'connecting';
  }

  get room(): number {
    return this.#state === 'idle' && !this.#draining ? 1 : 0;
  }

  /** It has carried a request before the one at hand, of whose response nothing has come. */
  get reused(): boolean {
    return this.#carried && !this.#heard;
  }

  get congested(): boolean {
    if (this.#congested) return true;
    if (!this.#deps.net.full || this.#connection.queued === 0) return false;
    this.#connection.whenBelow(0, this.#drained);
    return true;
  }

  begin(call: HttpCall): EndpointStream {
    this.#state = 'busy';
    this.#heard = false;
    this.#handler = call;
    return this;
  }

  drain(): void {
    this.#draining = true;
    if (this.#state === 'idle') this.#connection.close();
    else if (this.#state === 'connecting') this.#connection.destroy('no longer needed');
  }

  sendRequest(
    head: RequestHead,
    path: string | undefined,
    authority: string | undefined,
    edits: HeadEdits,
    end: boolean,
  ): void {
    const { method, protocol } = head;
    this.#method = { head: method === 'HEAD', connect: method === 'CONNECT' && protocol === '' };
    this.#protocol = protocol;
    this.#tunnel = this.#responseEnded = this.#answered = false;
    this.#requestEnded = end;
    const sized = head.has(Known.contentLength) && edits.without[Known.contentLength] !== 1;
    this.#chunked = !end && !sized && !asksToOpen(head);
    const { hop } = this.#deps;
    // Who names no host, as HTTP/1.0 may, asks this endpoint. RFC 9112, section 3.2.
    hop.host = authority ?? (head.has(Known.host) ? '' : head.authority || this.#endpoint.address);
    hop.chunked = this.#chunked;
    hop.empty = end && !sized && EXPECTS_CONTENT.has(method);
    hop.connection = undefined;
    hop.upgrade = protocol;
    // RFC 8441, section 5: HTTP/2 needs no key, HTTP/1 does.
    hop.key = protocol === 'websocket' && !head.has(Known.secWebSocketKey) ? webSocketKey() : '';
    this.#deps.http1Writer.request(this.#connection.out(), head, path, edits, hop);
  }

  sendData(bytes: Buffer, start: number, end: number): void {
    if (this.#requestEnded || start === end) return;
    const out = this.#connection.out();
    if (this.#chunked) writeChunks(out, bytes, start, end);
    else writeBytes(out, bytes, start, end);
  }

  sendEnd(trailers: Trailers): void {
    if (this.#requestEnded) return;
    this.#requestEnded = true;
    if (this.#tunnel) this.#connection.end();
    else if (this.#chunked) writeLastChunk(this.#connection.out(), trailers);
    if (this.#responseEnded) this.#finish();
  }

  setFlowing(flowing: boolean): void {
    this.#connection.setReading(flowing);
  }

  onLate(): void {
    // It ends with its request.
  }

  cancel(): void {
    this.#handler = undefined;
    this.#reader.close();
    if (this.#state !== 'closed') this.#connection.destroy('the request was given up');
  }

  discard(): void {
    const isShort = this.#rest === CHUNKED || (this.#rest >= 0 && this.#rest <= MAX_DISCARDED);
    // What is still to be sent would have to be sent for nobody, and a response that has not begun may be of any length.
    if (!this.#answered || !this.#requestEnded || !isShort) return this.cancel();
    this.#handler = undefined;
    this.#discarding = true;
    this.#discarded = 0;
    this.#connection.setReading(true);
    this.#deps.slowWheel.set(this, this.#deps.clock.now() + DISCARD_MS);
  }

  onConnect(): void {
    this.#becomeIdle();
    this.#deps.slowWheel.set(this, this.#idleSince + this.#cluster.policy.http.idleTimeout);
    this.#events.onConnected(this);
  }

  onBytes(chunk: Buffer, length: number): void {
    this.#heard = true;
    if (this.#state !== 'busy') return this.#connection.destroy('sent a response that nobody asked for');
    this.#inRead = true;
    try {
      this.#reader.read(chunk, length);
    } catch (error) {
      if (!(error instanceof HttpRefusal)) throw error;
      this.#fail('malformed_frame', `sent what is not HTTP/1.1: ${error.message}`);
    }
    this.#inRead = false;
    if (this.#held.set(this.#reader.held)) {
      if (this.#over) this.#release();
      return;
    }
    // No more is to be read here, whatever has come to its end.
    this.#over = false;
    this.#fail('overload', NO_MEMORY);
  }

  onHead(head: Http1Head): number {
    const { status } = head;
    const framing = responseFraming(head, this.#method);
    connectionOptions(head, this.#options);
    this.#keepAlive = keepsAlive(head, this.#options);
    if (this.#kept === FOR_EVER && head.has(Known.keepAlive)) this.#keepsFor(head.get(Known.keepAlive)!);
    const handler = this.#handler;
    if (handler === undefined) throw new HttpRefusal(502, 'a response that nobody waits for');
    if (status === 101) return this.#onSwitch(head, handler);
    this.#interim = status < 200;
    if (status < 200) {
      handler.onInterim(head);
      return 0;
    }
    if (this.#method.connect && status < 300) {
      this.#openTunnel(head, handler);
      return 0;
    }
    // Refused: the request has been all that there is to send.
    if (this.#protocol !== '' || this.#method.connect) this.#requestEnded = true;
    const end = framing === 0;
    this.#responseEnded = end;
    this.#rest = framing;
    this.#answered = true;
    handler.onResponse(head, end);
    return framing;
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (this.#discarding && (this.#discarded += end - start) > MAX_DISCARDED) {
      return this.#connection.destroy('a response that nobody wants is long');
    }
    this.#handler?.onResponseData(bytes, start, end);
  }

  onTrailer(name: string, value: string): void {
    this.#trailers.push(name, value);
  }

  onMessageEnd(): void {
    if (this.#interim) this.#reader.next();
    else this.#onResponseEnd();
  }

  onBacklog(full: boolean): void {
    this.#congested = full;
    if (!full) this.#drained();
  }

  readonly #drained = (): void => this.#handler?.onEndpointDrained();

  onEnd(): void {
    if (this.#state === 'busy' && this.#reader.endsWithConnection) {
      this.#keepAlive = false;
      return this.#onResponseEnd();
    }
    // It is gone at the end of this turn; until then nobody is to take it.
    if (this.#state === 'idle') this.#events.onLeaving(this);
    this.#connection.destroy('closed by the peer');
  }

  onClose(reason: string): void {
    const busy = this.#state === 'busy';
    const handler = this.#handler;
    const mute = busy && !this.#carried && !this.#heard && handler !== undefined;
    this.#handler = undefined;
    this.#deps.slowWheel.clear(this);
    this.#reader.close();
    this.#held.set(0);
    // The pool asks whether it was connecting.
    const how = this.#state === 'connecting' ? 'unreachable' : mute ? 'mute' : 'ended';
    this.#events.onGone(this, reason, how);
    this.#state = 'closed';
    if (busy && handler !== undefined) handler.onEndpointLost(this.#lost('connection_lost', reason));
  }

  /** The wheel is set once, not for each request: it may be idle since a moment ago, or busy. */
  onDeadline(): void {
    if (this.#discarding) return this.#connection.destroy('a response that nobody wants did not end');
    const { clock, slowWheel } = this.#deps;
    const since = this.#state === 'idle' ? this.#idleSince : clock.now();
    const until = since + Math.min(this.#kept, this.#cluster.policy.http.idleTimeout);
    if (clock.now() < until) return slowWheel.set(this, until);
    this.#events.onLeaving(this);
    this.#connection.close();
  }

  /** RFC 9110, section 15.2.2. */
  #onSwitch(head: Http1Head, handler: EndpointHandler): number {
    const agreed = this.#options.upgrade ? head.get(Known.upgrade)?.toLowerCase() : undefined;
    if (this.#protocol === '' || agreed !== this.#protocol) {
      throw new HttpRefusal(502, `101 to ${agreed ?? 'nothing'}, which was not asked for`);
    }
    this.#openTunnel(head, handler);
    return 0;
  }

  #openTunnel(head: Http1Head, handler: EndpointHandler): void {
    this.#tunnel = true;
    this.#reader.tunnel();
    handler.onTunnel(head);
  }

  #onResponseEnd(): void {
    const handler = this.#handler;
    const trailers = this.#trailers.splice(0);
    const told = this.#responseEnded;
    this.#responseEnded = true;
    if (!told) handler?.onResponseEnd(trailers);
    if (this.#requestEnded) this.#finish();
  }

  /** Both directions of the exchange have ended. */
  #finish(): void {
    this.#handler = undefined;
    if (this.#inRead) this.#over = true;
    else this.#release();
  }

  /** To the next request, if nothing stands against it. */
  #release(): void {
    this.#over = this.#discarding = false;
    if (this.#state !== 'busy') return;
    if (!this.#keepAlive || this.#tunnel || this.#draining || this.#reader.waiting > 0) {
      this.#events.onLeaving(this);
      return this.#connection.close();
    }
    this.#carried = true;
    this.#connection.setReading(true);
    this.#becomeIdle();
    this.#reader.next();
    this.#events.onRoom(this);
  }

  #becomeIdle(): void {
    this.#state = 'idle';
    this.#idleSince = this.#deps.clock.now();
  }

  /**
   * What `Keep-Alive: timeout=5` promises, in seconds, is left early: a request that meets the peer's own end is
   * lost, and fails where it may not be sent twice. RFC 2068, section 19.7.1.
   */
  #keepsFor(value: string): void {
    const seconds = Number(/\btimeout=(\d{1,9})\b/i.exec(value)?.[1] ?? FOR_EVER);
    this.#kept = seconds * 1000 - Math.min(1000, seconds * 500);
    const { clock, slowWheel } = this.#deps;
    if (this.#kept < this.#cluster.policy.http.idleTimeout) slowWheel.set(this, clock.now() + this.#kept);
  }

  #fail(code: string, reason: string): void {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#reader.close();
    this.#connection.destroy(reason);
    handler?.onEndpointLost(this.#lost(code, reason));
  }

  #lost(code: string, reason: string): WeftError {
    return new WeftError(code, `the connection to ${this.#endpoint.address} was lost: ${reason}`, { side: 'upstream' });
  }
}
