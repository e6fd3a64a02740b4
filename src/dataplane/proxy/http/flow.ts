import type { CallerStream, EndpointStream } from '../../message/http-stream.ts';
import type { HttpDeadlines } from './http-deadlines.ts';

/** Who of the two sides of an exchange is paused, since the other one takes no more. */
export class Flow {
  readonly #deadlines: HttpDeadlines;
  #callerPaused = false;
  #endpointPaused = false;

  constructor(deadlines: HttpDeadlines) {
    this.#deadlines = deadlines;
  }

  begin(): void {
    this.#callerPaused = this.#endpointPaused = false;
  }

  pauseCaller(caller: CallerStream): void {
    if (this.#callerPaused) return;
    this.#callerPaused = true;
    this.#deadlines.onPaused();
    caller.setFlowing(false);
  }

  resumeCaller(caller: CallerStream | undefined): void {
    if (!this.#callerPaused) return;
    this.#callerPaused = false;
    this.#deadlines.onResumed();
    caller?.setFlowing(true);
  }

  pauseEndpoint(stream: EndpointStream | undefined): void {
    if (this.#endpointPaused) return;
    this.#endpointPaused = true;
    stream?.setFlowing(false);
  }

  resumeEndpoint(stream: EndpointStream | undefined): void {
    if (!this.#endpointPaused) return;
    this.#endpointPaused = false;
    this.#deadlines.moved();
    stream?.setFlowing(true);
  }
}
