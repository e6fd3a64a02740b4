/**
 * Time and chance are passed in, never read from globals, so that a test can
 * drive them: nothing in Weft's tests sleeps.
 */

export interface Timer {
  /** Stops the timer; a stopped or fired timer may be stopped again. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds of a clock that never goes back; its zero means nothing. */
  now(): number;
  /** Milliseconds since 1970, for what people read and for deadlines that cross processes. */
  wall(): number;
  /** Runs `task` once after `ms` milliseconds. The timer does not keep the process alive. */
  after(ms: number, task: () => void): Timer;
  /** Runs `task` every `ms` milliseconds until cancelled. Does not keep the process alive. */
  every(ms: number, task: () => void): Timer;
}

/** A source of chance: a number in [0, 1). */
export type Chance = () => number;

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, task) {
    const handle = setTimeout(task, ms);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(ms, task) {
    const handle = setInterval(task, ms);
    handle.unref();
    return { cancel: () => clearInterval(handle) };
  },
};
