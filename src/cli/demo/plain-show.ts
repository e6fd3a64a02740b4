import type { Scene } from './scene.ts';
import type { Show } from './show.ts';
import { duration } from './text.ts';
import { oneLine } from './view.ts';

const EVERY_SECONDS = 2;

/** Lines for a log or a pipe: every event, and the state every two seconds. */
export class PlainShow implements Show {
  readonly #write: (text: string) => void;
  #nextAt = EVERY_SECONDS;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  starting(): void {
    // What has started is told; what is about to would only double it.
  }

  started(part: string, pid: number, detail: string): void {
    this.#write(`✓ ${part.padEnd(22)} pid ${String(pid).padEnd(8)} ${detail}\n`);
  }

  event(seconds: number, text: string): void {
    this.#write(`${duration(seconds).padStart(6)}  ${text}\n`);
  }

  frame(scene: Scene): void {
    if (scene.seconds < this.#nextAt) return;
    this.#nextAt = Math.floor(scene.seconds) + EVERY_SECONDS;
    this.#write(`${oneLine(scene)}\n`);
  }

  close(summary: string): void {
    this.#write(summary);
  }
}
