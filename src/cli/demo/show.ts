import type { Scene } from './scene.ts';

/** Where the demo is shown: a terminal that is drawn over, or plain lines. */
export interface Show {
  /** A part of the demo is being started. */
  starting(part: string): void;
  /** It runs. */
  started(part: string, pid: number, detail: string): void;
  /** Something has happened. */
  event(seconds: number, text: string): void;
  /** How things are now; called several times a second. */
  frame(scene: Scene): void;
  /** Leaves the terminal as it was found, and says how it went. */
  close(summary: string): void;
}
