import type { WeftError } from '../../../core/errors.ts';
import type { Place } from '../../../core/line.ts';
import { NOT_SET, type WheelEntry } from '../../../core/timer-wheel.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import type { Endpoint } from '../../cluster/endpoint.ts';
import { GrpcKind, grpcKind } from '../../codec/grpc/content-type.ts';
import { Known } from '../../message/http-fields.ts';
import type { Refusal } from '../../message/gate.ts';
import { asksToOpen, type RequestHead, type ResponseHead } from '../../message/http-head.ts';
import {
  type CallerExchange,
  type CallerStream,
  type EndpointStream,
  NO_TRAILERS,
  type Trailers,
} from '../../message/http-stream.ts';
import type { FailureCode, Outcome } from '../../message/outcome.ts';
import type { ClusterRoute, RedirectRoute, RespondRoute } from '../../route/route.ts';
import type { HttpCall } from '../../upstream/http/http-call.ts';
import type { Decision } from '../decide.ts';
import type { ManagedCluster } from '../managed-cluster.ts';
import { type FailedRequest, logFailure, noteRequest, noteRequestId, type RequestNote } from './failure-log.ts';
import { Admission } from './admission.ts';
import { Attempt } from './attempt.ts';
import { Flow } from './flow.ts';
import { HttpDeadlines } from './http-deadlines.ts';
import type { HttpScope } from './http-scope.ts';
import { isFaultIn, isWell, outcomeOfResponse, outcomeOfTrailers } from './http-outcome.ts';
import { noEndpoint, noRoute, tooLarge } from './failure-text.ts';
import { beginMirror } from './begin-mirror.ts';
import type { Mirror } from './mirror.ts';
import { KeptContent } from './kept-content.ts';
import { Waiting } from './waiting.ts';
import { answerOrBreakOff, answerRoute, NO_MEMORY, outcomeOfRefusal } from './local-answer.ts';
import { editRequest, editResponse, editTunnel } from './pass-on.ts';
import { Tally } from './tally.ts';
import { Tries } from './tries.ts';

/** Whatever it is that an endpoint does wrong. */
const BAD_GATEWAY = 502;

/**
 * One HTTP request and its response, whichever versions the two sides speak.
 *
 *   start        the head has arrived: find its route and cluster, set its deadlines
 *   onAdmitted, onRefused
 *                the gates before its cluster, such as limits, let it go on or do not
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
  readonly #waiting: Waiting;
  #caller: CallerStream | undefined;
  #head: RequestHead | undefined;
  readonly #tally = new Tally();
  #note: RequestNote | undefined;
  #route: ClusterRoute | undefined;
  #target: ManagedCluster | undefined;
  readonly #attempt: Attempt;
  #stream: EndpointStream | undefined;
  readonly #admission: Admission;
  #mirror: Mirror | undefined;
  #grpc = false;
  /** It asks for another protocol, or a tunnel. */
  #opens = false;
  #tunnel = false;
  #requestEnded = false;
  #requestTrailers: Trailers = NO_TRAILERS;
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
    this.#waiting = new Waiting(scope.deps.budget, this.#deadlines);
    this.#attempt = new Attempt(scope);
    this.#tries = new Tries(scope.deps.chance);
    this.#admission = new Admission(this, scope, this.#deadlines, this.#waiting);
  }

  /** For the caller's stream on which a request has come. */
  of(caller: CallerStream): this {
    this.#caller = caller;
    return this;
  }

  /** @param to where it goes, if that is not for its listener to say. */
  start(head: RequestHead, end: boolean, to?: Decision): void {
    this.#reset(head, end);
    const { managed, route, cluster: name, subset } = to ?? this.#scope.decide(head);
    if (route !== undefined && route.kind !== 'cluster') return this.#answerRoute(route, head);
    this.#route = route;
    if (managed === undefined) return this.#fail('no_route', noRoute(route, name, head));
    const caller = this.#caller!;
    this.#target = managed;
    this.#attempt.begin(managed, subset, caller, head, this.#grpc);
    this.#tries.begin(managed, head.method, route?.retries);
    const { cluster, stats } = managed;
    cluster.use(this.#tally.startedAt);
    stats.active++;
    this.#deadlines.start(this.#tally.startedAt, head, this.#grpc, this.#route?.timeout ?? cluster.policy.http.timeout);
    if (end || this.#opens) this.#deadlines.onRequestEnd(this.#tally.startedAt);
    // A copy is no request of the listener's callers.
    this.#admission.enter(to === undefined ? this.#scope.gates : undefined, route?.gates, head, caller);
  }

  // What the caller says.

  onRequestData(bytes: Buffer, start: number, end: number): void {
    if (this.finished || this.#requestEnded) return;
    this.#tally.sent += end - start;
    this.#deadlines.moved();
    const { maxBody } = this.#scope.limits;
    if (maxBody > 0 && this.#tally.sent > maxBody && !this.#tunnel) return this.onRequestBroken(413, tooLarge(maxBody));
    this.#mirror?.data(bytes, start, end);
    const stream = this.#stream;
    if (stream === undefined || this.#asksToOpen) {
      // It waits here, and no more is to come.
      if (!this.#content.hold(bytes, start, end)) return this.#fail('overload', NO_MEMORY);
      // One that is not read from would not be seen to go.
      return this.#admission.held && !this.#content.large ? undefined : this.#pauseCaller();
    }
    this.#content.passed(bytes, start, end);
    stream.sendData(bytes, start, end);
    if (stream.congested) this.#pauseCaller();
  }

  onRequestEnd(trailers: Trailers): void {
    if (this.finished || this.#requestEnded) return;
    this.#requestEnded = true;
    this.#requestTrailers = trailers;
    this.#deadlines.onRequestEnd(this.#scope.deps.clock.now());
    this.#mirror?.end(trailers);
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
    this.#fail(outcomeOfRefusal(status), message, status);
  }

  // What the gates say.

  /** To an endpoint, as soon as any is known. */
  onAdmitted(): void {
    const { cluster, overload } = this.#target!;
    if (overload !== undefined) return this.#fail('overload', overload);
    const mirror = (this.#mirror = this.#mirrored());
    if (cluster.known) this.#dispatch(undefined);
    else this.#waitForEndpoints(cluster);
    mirror?.go();
  }

  onRefused(refusal: Refusal): void {
    this.#refuse(refusal);
  }

  // What the pool says.

  onQueued(place: Place): void {
    if (!this.#waiting.join(place, this.#caller!, this.#head!)) return this.#fail('overload', NO_MEMORY);
    this.#pauseCaller();
    this.#deadlines.onQueued(this.#target!.cluster.policy.queue.timeout);
  }

  onUnavailable(error: WeftError): void {
    if (this.finished) return;
    this.#waiting.leave();
    const { endpoint } = this.#attempt;
    // It is there, and has just been found to speak the other version alone.
    if (this.#attempt.mayChangeVersion) return this.#attempt.acquire(this);
    if (error.code === 'connect_failed') this.#attempt.unreachable();
    if (this.#tries.afterUnavailable() && this.#attempt.isElsewhere) return this.#dispatch(endpoint);
    const again = error.code === 'connect_failed' && this.#content.complete && this.#tries.after('connect-failure');
    if (again) return this.#tryAgain();
    this.#fail(error.code === 'connect_failed' ? 'no_healthy_endpoint' : (error.code as FailureCode), error.message);
  }

  onStream(stream: EndpointStream): void {
    this.#waiting.leave();
    this.#waiting.release();
    this.#stream = stream;
    this.#attempt.sent();
    this.#deadlines.onTry(this.#tries.perTryTimeout);
    const head = this.#head!;
    const content = this.#content;
    // The head of HTTP/1 is gone after this turn, unless it is kept for another try.
    if (stream.reused || this.#tries.wanted) this.#waiting.keep(this.#caller!);
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
      this.#attempt.judge(isWell(this.#outcome, this.#grpc, head));
      return this.#tryAgain();
    }
    this.#begunResponse(end);
    // Refused to go on in another protocol: then the request was complete.
    if (this.#opens) this.#requestEnded = true;
    this.#responseEnded = end;
    this.#target!.stats.responded(head.status);
    if (end) this.#attempt.judge(isWell(this.#outcome, this.#grpc, head));
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
    this.#tally.received += end - start;
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
    this.#fail(error.code as FailureCode, error.message, error.code === 'overload' ? undefined : BAD_GATEWAY);
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
    this.#fail('timeout', late.message + where, late.kind === 'caller' ? 408 : undefined);
  }

  #reset(head: RequestHead, end: boolean): void {
    this.finished = this.#tunnel = this.#responseStarted = this.#responseEnded = false;
    this.#flow.begin();
    this.#head = head;
    const { clock, log } = this.#scope.deps;
    this.#tally.begin(clock.now());
    this.#note = log.debugging ? noteRequest(head) : undefined;
    this.#grpc = grpcKind(head.get(Known.contentType)) !== GrpcKind.none;
    this.#opens = asksToOpen(head);
    this.#requestEnded = end;
    this.#requestTrailers = NO_TRAILERS;
    this.#content.reset();
    this.#outcome = 'ok';
  }

  #mirrored(): Mirror | undefined {
    if (this.#route?.mirror === undefined || this.#opens) return undefined;
    const trailers = this.#requestEnded ? this.#requestTrailers : undefined;
    return beginMirror(this.#scope, this.#route, this.#caller!, this.#head!, this.#content, trailers);
  }

  #waitForEndpoints(cluster: Cluster): void {
    if (cluster.waiting >= cluster.policy.queue.max) {
      return this.#fail('overload', `${cluster.waiting} requests wait for the first endpoints already`);
    }
    this.onQueued(cluster.whenKnown(() => this.#dispatch(undefined)));
  }

  #dispatch(except: Endpoint | undefined): void {
    const target = this.#target!;
    this.#waiting.release();
    this.#waiting.leave();
    if (!this.#attempt.pick(except)) return this.#fail('no_healthy_endpoint', noEndpoint(target, this.#attempt.subset));
    this.#attempt.acquire(this);
  }

  /** Nothing of a response has been passed on, and all of the request is there to be sent once more. */
  get #isRepeatable(): boolean {
    if (this.#responseStarted || this.#opens || !this.#content.complete) return false;
    return this.#waiting.stays(this.#caller!);
  }

  /** As the policy wants it: after a pause, on another endpoint where there is one. */
  #tryAgain(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.discard();
    const { pause } = this.#tries;
    this.#deadlines.onTryEnd();
    if (pause < 1) return this.#dispatch(this.#attempt.endpoint);
    if (this.#waiting.hold(this.#caller!, this.#head!)) this.#deadlines.onPause(pause);
    else this.#fail('overload', NO_MEMORY);
  }

  /** What is sent before the endpoint has agreed would be the next request to one that does not. */
  get #asksToOpen(): boolean {
    return this.#opens && !this.#tunnel;
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

  #answerRoute(route: RedirectRoute | RespondRoute, head: RequestHead): void {
    this.#responseStarted = this.#responseEnded = true;
    answerRoute(this.#caller!, head, route, this.#scope.deps.clock.wall());
    route.stats.ended('ok');
    this.#finish('ok');
  }

  /** @param status in place of the one that goes with `outcome`. */
  #fail(outcome: FailureCode, message: string, status?: number): void {
    this.#refuse({ outcome, message, status });
  }

  #refuse(reason: Refusal): void {
    const caller = this.#caller!;
    const begun = this.#responseStarted;
    const name = this.#target === undefined ? '' : `${this.#target.cluster.name}: `;
    const failure = { ...reason, message: name + reason.message };
    const { log, clock } = this.#scope.deps;
    if (log.debugging) logFailure(this.#scope, this.#asFailed(caller), failure);
    if (begun) this.#caller = undefined;
    answerOrBreakOff(caller, { isHead: this.#head!.method === 'HEAD', grpc: this.#grpc, begun }, failure, clock.wall());
    // Whatever was said of it, the endpoint's stream is over.
    this.#responseEnded = false;
    this.#finish(reason.outcome);
  }

  #asFailed(caller: CallerStream): FailedRequest {
    return {
      caller,
      note: this.#note,
      route: this.#route,
      target: this.#target,
      endpoint: this.#attempt.endpoint,
      startedAt: this.#tally.startedAt,
      grpc: this.#grpc,
      begun: this.#responseStarted,
    };
  }

  #finish(outcome: Outcome): void {
    this.finished = true;
    this.#deadlines.stop();
    this.#waiting.leave();
    this.#waiting.release();
    this.#content.drop();
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined && !this.#responseStarted) this.#attempt.gaveUp();
    if (stream !== undefined && !(this.#requestEnded && this.#responseEnded)) stream.cancel();
    this.#attempt.leave();
    this.#tries.end();
    this.#tally.ended(this.#scope, this.#route, this.#target, outcome, this.#tunnel);
    this.#admission.end(outcome, this.#tally.startedAt);
    this.#waiting.forget();
    this.#mirror?.leave();
    this.#mirror = undefined;
    this.#caller = undefined;
    this.#head = undefined;
    this.#target = undefined;
    this.#route = undefined;
    this.#scope.recycle(this);
  }
}
