import type { HealthPolicy } from '../../cluster/policy.ts';
import type { ByteSink } from '../../message/frame.ts';
import type { UpstreamDeps } from '../upstream-deps.ts';

/** What is asked on one connection. It holds no socket and no timer. */
export interface Question {
  /** The connection is there. */
  ask(): void;
  /** `chunk[0, length)` has come. */
  read(chunk: Buffer, length: number): void;
  /** The peer sends no more; what has not been answered by then is not well. */
  end(): void;
  /** Nothing more is read. */
  close(): void;
}

/** Whom a question is put to, as it sees it. */
export interface Asked {
  /** Where it connects to, for people and for `host`. */
  readonly address: string;
  out(): ByteSink;
  /** The answer, of which the first counts. @param problem what is not well; '' when all is. */
  answer(problem: string): void;
}

/** What questions are made with. */
export type QuestionDeps = Pick<UpstreamDeps, 'clock' | 'codec' | 'nextId'>;

export type Ask = (asked: Asked, policy: HealthPolicy, deps: QuestionDeps) => Question;

/** An answer is small: of more it is enough that it has come. */
export const MAX_ANSWER = 32 << 10;

/** What servers see in their logs. */
export const USER_AGENT = 'weft-health-check';

/** What is wrong with a status of HTTP; '' when nothing is. */
export function judgeStatus(status: number, { statuses }: HealthPolicy): string {
  const well = statuses === undefined ? status >= 200 && status <= 399 : statuses.includes(status);
  return well ? '' : `status ${status}`;
}
