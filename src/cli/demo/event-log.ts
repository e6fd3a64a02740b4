import type { SceneEvent } from './scene.ts';

const KEPT = 20;

/** What has happened, the newest last. The same again at once counts up instead of filling the screen. */
export class EventLog {
  #events: readonly SceneEvent[] = [];

  get events(): readonly SceneEvent[] {
    return this.#events;
  }

  /** @param seconds since the calls began */
  add(seconds: number, text: string): void {
    const last = this.#events.at(-1);
    if (last?.text === text) this.#events = [...this.#events.slice(0, -1), { seconds, text, times: last.times + 1 }];
    else this.#events = [...this.#events, { seconds, text, times: 1 }].slice(-KEPT);
  }
}
