import type { Clock, Timer } from './clock.ts';

interface Entry {
  at: number;
  period: number | undefined;
  task: () => void;
  alive: boolean;
}

/** A clock that moves only when told to. For tests. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #wallAtZero: number;
  #entries: Entry[] = [];

  constructor(wallAtZero = 1_700_000_000_000) {
    this.#wallAtZero = wallAtZero;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallAtZero + this.#now;
  }

  after(ms: number, task: () => void): Timer {
    return this.#add(ms, undefined, task);
  }

  every(ms: number, task: () => void): Timer {
    return this.#add(ms, ms, task);
  }

  /** Moves time forward by `ms`, running what falls due, in the order of its time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let next: Entry | undefined;
      for (const entry of this.#entries) {
        if (entry.at <= end && (next === undefined || entry.at < next.at)) next = entry;
      }
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      if (next.period === undefined) this.#remove(next);
      else next.at += Math.max(next.period, 1);
      next.task();
    }
    this.#now = end;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#entries.length;
  }

  #add(ms: number, period: number | undefined, task: () => void): Timer {
    const entry: Entry = { at: this.#now + ms, period, task, alive: true };
    this.#entries.push(entry);
    return { cancel: () => this.#remove(entry) };
  }

  #remove(entry: Entry): void {
    if (!entry.alive) return;
    entry.alive = false;
    this.#entries = this.#entries.filter((other) => other !== entry);
  }
}
