import { Budget } from '../../../core/budget.ts';
import { WeftError } from '../../../core/errors.ts';
import { FrameKind, type FrameDecoder } from '../../message/frame.ts';
import { type Ask, type Asked, MAX_ANSWER, type Question, type QuestionDeps } from './question.ts';

/** Acknowledgements come here and little else: larger frames are passed over. */
const LIMITS = { maxFrame: MAX_ANSWER, maxHeader: MAX_ANSWER };

/** A heartbeat, whose acknowledgement is the answer. */
class BoltQuestion implements Question {
  readonly #asked: Asked;
  readonly #deps: QuestionDeps;
  readonly #id: number;
  readonly #decoder: FrameDecoder;

  constructor(asked: Asked, deps: QuestionDeps) {
    this.#asked = asked;
    this.#deps = deps;
    this.#id = deps.nextId();
    this.#decoder = deps.codec.createDecoder(LIMITS, new Budget(MAX_ANSWER), {
      onFrame: ({ kind, id }) => {
        if (kind === FrameKind.heartbeatAck && id === this.#id) asked.answer('');
      },
      onRejected: () => {},
    });
  }

  ask(): void {
    this.#deps.codec.heartbeat(this.#asked.out(), this.#id);
  }

  read(chunk: Buffer, length: number): void {
    try {
      this.#decoder.push(chunk, length);
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      this.#asked.answer(`sent bytes that are not ${this.#deps.codec.type}: ${error.message}`);
    }
  }

  end(): void {}

  close(): void {
    this.#decoder.close();
  }
}

export const askBolt: Ask = (asked, _policy, deps) => new BoltQuestion(asked, deps);
