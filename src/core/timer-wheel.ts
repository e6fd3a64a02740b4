import type { Clock, Timer } from './clock.ts';

/**
 * Something with a deadline. The wheel links entries into lists through these fields, so
 * setting and clearing a deadline allocates nothing; only the wheel may write them.
 */
export interface WheelEntry {
  /** Milliseconds of the wheel's clock; meaningful while the entry is set. */
  deadline: number;
  wheelSlot: number;
  wheelNext: WheelEntry | undefined;
  wheelPrev: WheelEntry | undefined;
  /** Called once, up to one tick after the deadline, with the entry no longer set. */
  onDeadline(): void;
}

/** `wheelSlot` of an entry that is not set. */
export const NOT_SET = -1;

const SLOTS = 512;

/**
 * One coarse timer for very many deadlines: setting and clearing is constant time, and the
 * clock is asked for one timer only while any deadline is set.
 *
 * An entry further away than one turn of the wheel (512 ticks) stays in its slot and is
 * looked at once a turn.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #slots: (WheelEntry | undefined)[] = Array.from({ length: SLOTS }, () => undefined);
  #count = 0;
  /** The tick up to which slots have been looked at. */
  #current = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, tickMs = 10) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** How many deadlines are set. */
  get size(): number {
    return this.#count;
  }

  /** Sets `entry` to fire at `deadline`; one that is set already moves. */
  set(entry: WheelEntry, deadline: number): void {
    if (entry.wheelSlot !== NOT_SET) this.clear(entry);
    if (this.#count === 0) this.#start();
    entry.deadline = deadline;
    const tick = Math.max(Math.ceil(deadline / this.#tickMs), this.#current + 1);
    const slot = tick & (SLOTS - 1);
    const head = this.#slots[slot];
    entry.wheelSlot = slot;
    entry.wheelPrev = undefined;
    entry.wheelNext = head;
    if (head !== undefined) head.wheelPrev = entry;
    this.#slots[slot] = entry;
    this.#count++;
  }

  /** Takes `entry` back; one that is not set is ignored. */
  clear(entry: WheelEntry): void {
    if (entry.wheelSlot === NOT_SET) return;
    const next = entry.wheelNext;
    const prev = entry.wheelPrev;
    if (prev === undefined) this.#slots[entry.wheelSlot] = next;
    else prev.wheelNext = next;
    if (next !== undefined) next.wheelPrev = prev;
    entry.wheelSlot = NOT_SET;
    entry.wheelNext = undefined;
    entry.wheelPrev = undefined;
    this.#count--;
  }

  /** Stops the clock's timer. Entries stay where they are and never fire. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #start(): void {
    this.#current = Math.floor(this.#clock.now() / this.#tickMs);
    this.#timer ??= this.#clock.every(this.#tickMs, () => this.#turn());
  }

  #turn(): void {
    const now = this.#clock.now();
    const target = Math.floor(now / this.#tickMs);
    // After a long stall one whole turn visits every slot.
    const first = Math.max(this.#current + 1, target - SLOTS + 1);
    for (let tick = first; tick <= target; tick++) {
      this.#current = tick;
      this.#fire(tick & (SLOTS - 1), now);
    }
    if (this.#count === 0) this.stop();
  }

  #fire(slot: number, now: number): void {
    // Firing may set and clear other entries, so due ones are unlinked into a list first.
    let due: WheelEntry[] | undefined;
    for (let entry = this.#slots[slot]; entry !== undefined; entry = entry.wheelNext) {
      if (entry.deadline <= now) (due ??= []).push(entry);
    }
    if (due === undefined) return;
    for (const entry of due) {
      // An earlier entry of this batch may have cleared or moved it.
      if (entry.wheelSlot !== slot || entry.deadline > now) continue;
      this.clear(entry);
      entry.onDeadline();
    }
  }
}
