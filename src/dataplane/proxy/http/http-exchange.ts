import { BudgetShare } from '../../../core/budget-share.ts';
import type { WeftError } from '../../../core/errors.ts';
import type { Place } from '../../../core/line.ts';
import { NOT_SET, type WheelEntry } from '../../../core/timer-wheel.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import { GrpcKind, grpcKind } from '../../codec/grpc/content-type.ts';
import { Known } from '../../message/http-fields.ts';
import { asksToOpen, octetsOf, type RequestHead, type ResponseHead } from '../../message/http-head.ts';
import {
  type CallerExchange,
  type CallerStream,
  type EndpointStream,
  NO_TRAILERS,
  type Trailers,
} from '../../message/http-stream.ts';
import type { Outcome } from '../../message/outcome.ts';
import type { ClusterRoute, RedirectRoute, RespondRoute } from '../../route/route.ts';
import type { HttpCall } from '../../upstream/http/http-call.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import { logFailure, noteRequest, noteRequestId, type RequestNote } from './failure-log.ts';
import { Attempt } from './attempt.ts';
import { Flow } from './flow.ts';
import { HttpDeadlines } from './http-deadlines.ts';
import type { HttpScope } from './http-scope.ts';
import { isFault, isFaultIn, outcomeOfResponse, outcomeOfTrailers } from './http-outcome.ts';
import { noEndpoint, noRoute } from './failure-text.ts';
import { KeptContent } from './kept-content.ts';
import { answerFailure, answerRoute, breakOff, type Failure, NO_MEMORY, outcomeOfRefusal } from './local-answer.ts';
import { editRequest, editResponse, editTunnel } from './pass-on.ts';
import { Tries } from './tries.ts';

/** Whatever it is that an endpoint does wrong. */
const BAD_GATEWAY = 502;
const NOTHING = Buffer.alloc(0);
/** Room for a head that an exchange keeps from one request to the next. */
const MAX_SCRATCH = 4096;

/**
 * One HTTP request and its response, whichever versions the two sides speak.
 *
 *   start        the head has arrived: find its route and cluster, set its deadlines
 *   dispatch     pick an endpoint, ask its pool for a stream
 *   onStream     send the head and what has come of the content
 *   onResponse   the head of the response: pass it on; content and trailers follow
 *   onUnavailable, onEndpointLost
 *                something went wrong on the way: try elsewhere if that is safe, else answer
 *
 * Content is passed on as it comes, both ways at once; who sends faster than the other side takes is
 * paused. Exchanges are reused.
 */
export class HttpExchange implements CallerExchange, HttpCall, WheelEntry {
  deadline = 0;
  wheelSlot = NOT_SET;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;

  finished = true;
  readonly #scope: HttpScope;
  readonly #deadlines: HttpDeadlines;
  readonly #content: KeptContent;
  /** Of a head that waits. */
  readonly #heldHead: BudgetShare;
  #caller: CallerStream | undefined;
  #head: RequestHead | undefined;
  /** Where an HTTP/1 head is kept beyond the turn it came in. */
  #scratch: Buffer = NOTHING;
  #headKept = false;
  #startedAt = 0;
  #note: RequestNote | undefined;
  #route: ClusterRoute | undefined;
  #target: ManagedCluster | undefined;
  readonly #attempt: Attempt;
  #stream: EndpointStream | undefined;
  #place: Place | undefined;
  #grpc = false;
  /** It asks for another protocol, or a tunnel. */
  #opens = false;
  #tunnel = false;
  #requestEnded = false;
  #requestTrailers: Trailers = NO_TRAILERS;
  #requestBytes = 0;
  #responseBytes = 0;
  #responseStarted = false;
  #responseEnded = false;
  #outcome: Outcome = 'ok';
  readonly #tries: Tries;
  readonly #flow: Flow;

  constructor(scope: HttpScope) {
    this.#scope = scope;
    this.#deadlines = new HttpDeadlines(this, scope);
    this.#flow = new Flow(this.#deadlines);
    this.#content = new KeptContent(scope.deps.budget);
    this.#heldHead = new BudgetShare(scope.deps.budget);
    this.#attempt = new Attempt(scope);
    this.#tries = new Tries(scope.deps.chance);
  }

  /** For the caller's stream on which a request has come. */
  of(caller: CallerStream): this {
    this.#caller = caller;
    return this;
  }

  start(head: RequestHead, end: boolean): void {
    this.#reset(head, end);
    const { managed, route, cluster: name, subset } = this.#scope.decide(head);
    if (route !== undefined && route.kind !== 'cluster') return this.#answerRoute(route, head);
    this.#route = route;
    if (managed === undefined) return this.#fail('no_route', noRoute(route, name, head));
    this.#target = managed;
    const caller = this.#caller!;
    this.#attempt.begin(managed, managed.keys?.ofHttp(head, caller.peer), subset);
    this.#attempt.came(caller.version, this.#grpc);
    this.#tries.begin(managed, head.method);
    const { cluster, stats } = managed;
    cluster.use(this.#startedAt);
    stats.active++;
    const overload = managed.overload;
    if (overload !== undefined) return this.#fail('overload', overload);
    this.#deadlines.start(this.#startedAt, head, this.#grpc, this.#route?.timeout ?? cluster.policy.http.timeout);
    if (end || this.#opens) this.#deadlines.onRequestEnd(this.#startedAt);
    if (cluster.known) return this.#dispatch(undefined);
    if (cluster.waiting >= cluster.policy.queue.max) {
      return this.#fail('overload', `${cluster.waiting} requests wait for the first endpoints already`);
    }
    this.onQueued(cluster.whenKnown(() => this.#dispatch(undefined)));
  }

  // What the caller says.

  onRequestData(bytes: Buffer, start: number, end: number): void {
    if (this.finished || this.#requestEnded) return;
    this.#requestBytes += end - start;
    this.#deadlines.moved();
    const { maxBody } = this.#scope.limits;
    if (maxBody > 0 && this.#requestBytes > maxBody && !this.#tunnel) return this.#tooLarge();
    const stream = this.#stream;
    if (stream === undefined || this.#asksToOpen) return this.#keepContent(bytes, start, end);
    this.#content.passed(bytes, start, end);
    stream.sendData(bytes, start, end);
    if (stream.congested) this.#pauseCaller();
  }

  onRequestEnd(trailers: Trailers): void {
    if (this.finished || this.#requestEnded) return;
    this.#requestEnded = true;
    this.#requestTrailers = trailers;
    this.#deadlines.onRequestEnd(this.#scope.deps.clock.now());
    if (!this.#asksToOpen) this.#stream?.sendEnd(trailers);
    if (this.#tunnel && this.#responseEnded) this.#finish(this.#outcome);
  }

  onCallerGone(outcome: Outcome = 'abandoned'): void {
    if (this.finished) return;
    this.#caller = undefined;
    this.#finish(outcome);
  }

  onCallerDrained(): void {
    this.#flow.resumeEndpoint(this.#stream);
  }

  /** The caller's side is out of step: nothing more of the request can be read. */
  onRequestBroken(status: number, message: string): void {
    if (this.finished) return;
    this.#requestEnded = false;
    this.#failWith(outcomeOfRefusal(status), message, status);
  }

  // What the pool says.

  onQueued(place: Place): void {
    this.#place = place;
    if (!this.#holdHead()) return;
    this.#pauseCaller();
    this.#deadlines.onQueued(this.#target!.cluster.policy.queue.timeout);
  }

  onUnavailable(error: WeftError): void {
    if (this.finished) return;
    this.#leaveQueue();
    const { endpoint } = this.#attempt;
    // It is there, and has just been found to speak the other version alone.
    if (this.#attempt.mayChangeVersion) return this.#attempt.acquire(this);
    if (error.code === 'connect_failed') this.#attempt.unreachable();
    if (this.#tries.afterUnavailable() && this.#attempt.isElsewhere) return this.#dispatch(endpoint);
    const again = error.code === 'connect_failed' && this.#content.complete && this.#tries.after('connect-failure');
    if (again) return this.#tryAgain();
    this.#fail(error.code === 'connect_failed' ? 'no_healthy_endpoint' : (error.code as Outcome), error.message);
  }

  onStream(stream: EndpointStream): void {
    this.#leaveQueue();
    this.#heldHead.set(0);
    this.#stream = stream;
    this.#attempt.sent();
    this.#deadlines.onTry(this.#target!.cluster.policy.retries.perTryTimeout);
    const head = this.#head!;
    const content = this.#content;
    // The head of HTTP/1 is gone after this turn, unless it is kept for another try.
    if (stream.reused || this.#tries.wanted) this.#keepHead();
    const end = this.#requestEnded && content.empty && this.#requestTrailers.length === 0 && !this.#opens;
    const route = this.#route;
    const edits = editRequest(this.#scope, this.#caller!, head, stream.version, route, this.#deadlines);
    if (this.#note !== undefined) noteRequestId(this.#note, edits);
    stream.sendRequest(head, route?.rewritePath?.(head.path), route?.host, edits, end);
    if (this.#stream !== stream || end || this.#opens) return;
    // HTTP/2 may refuse a request that is on its way; HTTP/1 does not say whether it was worked on.
    content.replay(stream, stream.version === 2 || this.#tries.wanted);
    this.#sendOn(stream);
  }

  // What the endpoint says.

  onInterim(head: ResponseHead): void {
    // They may be left out, and nothing else bounds how many there are.
    if (this.finished || this.#responseStarted || this.#caller!.congested) return;
    this.#caller!.sendInterim(head, editResponse(this.#scope, head.status, undefined));
  }

  onResponse(head: ResponseHead, end: boolean): void {
    if (this.finished) return;
    this.#attempt.replied();
    this.#outcome = outcomeOfResponse(head, this.#grpc);
    if (this.#tries.wanted && this.#isRepeatable && this.#tries.afterResponse(head, this.#grpc)) {
      this.#target!.stats.responded(head.status);
      this.#attempt.judge(this.#isWell(head));
      return this.#tryAgain();
    }
    this.#begunResponse(end);
    // Refused to go on in another protocol: then the request was complete.
    if (this.#opens) this.#requestEnded = true;
    this.#responseEnded = end;
    this.#target!.stats.responded(head.status);
    if (end) this.#attempt.judge(this.#isWell(head));
    this.#caller!.sendResponse(head, editResponse(this.#scope, head.status, this.#route), end);
    if (end) this.#finish(this.#outcome);
  }

  onTunnel(head: ResponseHead): void {
    if (this.finished) return;
    const stream = this.#stream!;
    this.#tunnel = true;
    this.#content.replay(stream, false);
    this.#begunResponse(false);
    this.#deadlines.onTunnel();
    this.#caller!.sendTunnel(head, editTunnel(this.#scope, this.#caller!, this.#route));
    if (this.#stream === stream) this.#sendOn(stream);
  }

  onResponseData(bytes: Buffer, start: number, end: number): void {
    if (this.finished) return;
    const caller = this.#caller!;
    this.#responseBytes += end - start;
    this.#deadlines.moved();
    caller.sendData(bytes, start, end);
    if (caller.congested) this.#flow.pauseEndpoint(this.#stream);
  }

  onResponseEnd(trailers: Trailers): void {
    if (this.finished) return;
    if (this.#grpc) this.#outcome = outcomeOfTrailers(trailers, this.#outcome);
    this.#attempt.judge(this.#outcome !== 'error' || (this.#grpc && !isFaultIn(trailers)));
    this.#responseEnded = true;
    this.#caller!.sendEnd(trailers);
    if (!this.#tunnel || this.#requestEnded) this.#finish(this.#outcome);
  }

  onEndpointLost(error: WeftError): void {
    if (this.finished) return;
    const stream = this.#stream;
    this.#stream = undefined;
    if (!this.#responseStarted) this.#attempt.gaveUp();
    if (this.#isRepeatable) {
      if (this.#tries.afterLost(error, stream?.reused === true)) {
        // The same endpoint will do: it was the connection that failed.
        this.#target!.stats.retried();
        return this.#dispatch(error.retriable && this.#attempt.isElsewhere ? this.#attempt.endpoint : undefined);
      }
    }
    if (!error.retriable && error.code !== 'overload') this.#attempt.judge(false);
    const again = error.code === 'connection_lost' && this.#isRepeatable && this.#tries.after('reset');
    if (again) return this.#tryAgain();
    this.#failWith(error.code as Outcome, error.message, error.code === 'overload' ? undefined : BAD_GATEWAY);
  }

  onEndpointDrained(): void {
    this.#resumeCaller();
  }

  /** The deadline of the wheel: there are several, of which one may have come. */
  onDeadline(): void {
    const late = this.#deadlines.check();
    if (late === undefined) return;
    const { endpoint } = this.#attempt;
    if (late.kind === 'pause') return this.#dispatch(endpoint);
    if (late.kind !== 'caller' && this.#stream !== undefined) {
      this.#stream.onLate();
      if (!this.#responseStarted) this.#attempt.replied();
      this.#attempt.judge(false);
      if (late.kind === 'try' && this.#isRepeatable && this.#tries.after('timeout')) return this.#tryAgain();
    }
    const where = endpoint === undefined ? '' : ` (${endpoint.address})`;
    this.#failWith('timeout', late.message + where, late.kind === 'caller' ? 408 : undefined);
  }

  #reset(head: RequestHead, end: boolean): void {
    this.finished = this.#headKept = this.#tunnel = this.#responseStarted = this.#responseEnded = false;
    this.#flow.begin();
    this.#head = head;
    const { clock, log } = this.#scope.deps;
    this.#startedAt = clock.now();
    this.#note = log.debugging ? noteRequest(head) : undefined;
    this.#grpc = grpcKind(head.get(Known.contentType)) !== GrpcKind.none;
    this.#opens = asksToOpen(head);
    this.#requestEnded = end;
    this.#requestTrailers = NO_TRAILERS;
    this.#requestBytes = this.#responseBytes = 0;
    this.#content.reset();
    this.#outcome = 'ok';
  }

  #dispatch(except: Endpoint | undefined): void {
    const target = this.#target!;
    this.#heldHead.set(0);
    this.#leaveQueue();
    if (!this.#attempt.pick(except)) return this.#fail('no_healthy_endpoint', noEndpoint(target, this.#attempt.subset));
    this.#attempt.acquire(this);
  }

  /** Whether an answer without content says that its endpoint did what it should. */
  #isWell(head: ResponseHead): boolean {
    return this.#outcome !== 'error' || (this.#grpc && !isFault(head));
  }

  /** Nothing of a response has been passed on, and all of the request is there to be sent once more. */
  get #isRepeatable(): boolean {
    if (this.#responseStarted || this.#opens || !this.#content.complete) return false;
    return this.#headKept || this.#caller!.headStays;
  }

  /** As the policy wants it: after a pause, on another endpoint where there is one. */
  #tryAgain(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.discard();
    const { pause } = this.#tries;
    this.#deadlines.onTryEnd();
    if (pause < 1) return this.#dispatch(this.#attempt.endpoint);
    if (this.#holdHead()) this.#deadlines.onPause(pause);
  }

  /** What is sent before the endpoint has agreed would be the next request to one that does not. */
  get #asksToOpen(): boolean {
    return this.#opens && !this.#tunnel;
  }

  #keepHead(): void {
    if (this.#headKept) return;
    this.#headKept = true;
    this.#scratch = this.#caller!.keepHead(this.#scratch);
  }

  /** It waits: its head has to last; false when there is no memory for that, and it has failed. */
  #holdHead(): boolean {
    this.#keepHead();
    const octets = this.#caller!.headStays ? octetsOf(this.#head!) : this.#scratch.length;
    if (this.#heldHead.set(octets)) return true;
    this.#fail('overload', NO_MEMORY);
    return false;
  }

  /** No stream yet: what has come waits here, and no more is to come. */
  #keepContent(bytes: Buffer, start: number, end: number): void {
    if (!this.#content.hold(bytes, start, end)) return this.#fail('overload', NO_MEMORY);
    this.#pauseCaller();
  }

  /** What was kept has gone: what follows may come. */
  #sendOn(stream: EndpointStream): void {
    if (this.#requestEnded) stream.sendEnd(this.#requestTrailers);
    else if (!stream.congested) this.#resumeCaller();
  }

  #pauseCaller(): void {
    if (!this.#requestEnded) this.#flow.pauseCaller(this.#caller!);
  }

  #resumeCaller(): void {
    if (!this.finished) this.#flow.resumeCaller(this.#caller);
  }

  #begunResponse(end: boolean): void {
    this.#responseStarted = true;
    this.#content.reset();
    if (!end) this.#deadlines.onResponse();
  }

  #leaveQueue(): void {
    if (this.#place === undefined) return;
    this.#place.leave();
    this.#place = undefined;
    this.#deadlines.onDequeued();
  }

  #answerRoute(route: RedirectRoute | RespondRoute, head: RequestHead): void {
    this.#responseStarted = this.#responseEnded = true;
    answerRoute(this.#caller!, head, route, this.#scope.deps.clock.wall());
    route.stats.ended('ok');
    this.#finish('ok');
  }

  #tooLarge(): void {
    this.onRequestBroken(413, `the body is larger than ${this.#scope.limits.maxBody} octets (maxBody)`);
  }

  #fail(outcome: Outcome, message: string): void {
    this.#failWith(outcome, message, undefined);
  }

  /** @param status in place of the one that goes with `outcome`. */
  #failWith(outcome: Outcome, message: string, status: number | undefined): void {
    const caller = this.#caller!;
    const name = this.#target === undefined ? '' : `${this.#target.cluster.name}: `;
    const failure = { outcome, message: name + message, status };
    if (this.#scope.deps.log.debugging) this.#logFailure(caller, failure);
    if (this.#responseStarted) {
      this.#caller = undefined;
      breakOff(caller, this.#grpc, failure);
    } else {
      const asked = { isHead: this.#head!.method === 'HEAD', grpc: this.#grpc };
      answerFailure(caller, asked, failure, this.#scope.deps.clock.wall());
    }
    // Whatever was said of it, the endpoint's stream is over.
    this.#responseEnded = false;
    this.#finish(outcome);
  }

  #logFailure(caller: CallerStream, failure: Failure): void {
    const request = {
      caller,
      note: this.#note,
      route: this.#route,
      target: this.#target,
      endpoint: this.#attempt.endpoint,
      startedAt: this.#startedAt,
      grpc: this.#grpc,
      begun: this.#responseStarted,
    };
    logFailure(this.#scope, request, failure);
  }

  #finish(outcome: Outcome): void {
    const { deps } = this.#scope;
    this.finished = true;
    this.#deadlines.stop();
    this.#leaveQueue();
    this.#heldHead.set(0);
    this.#content.drop();
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined && !this.#responseStarted) this.#attempt.gaveUp();
    if (stream !== undefined && !(this.#requestEnded && this.#responseEnded)) stream.cancel();
    this.#attempt.leave();
    this.#tries.end();
    this.#route?.stats.ended(outcome);
    const target = this.#target;
    if (target === undefined) {
      // What a route answers by itself needs no cluster.
      if (outcome !== 'ok') this.#scope.unrouted(outcome);
    } else {
      target.stats.active--;
      // How long a tunnel lasts says nothing of how fast anybody is.
      if (this.#tunnel) target.stats.tunnelEnded(outcome, this.#requestBytes, this.#responseBytes);
      else target.stats.ended(outcome, deps.clock.now() - this.#startedAt);
    }
    if (this.#scratch.length > MAX_SCRATCH) this.#scratch = NOTHING;
    this.#caller = undefined;
    this.#head = undefined;
    this.#target = undefined;
    this.#route = undefined;
    this.#scope.recycle(this);
  }
}
