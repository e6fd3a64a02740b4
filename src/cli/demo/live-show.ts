import type { Scene } from './scene.ts';
import type { Show } from './show.ts';
import { renderLine, span } from './text.ts';
import type { Line } from './text.ts';
import { layOut } from './view.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** Lines that turn out too wide are cut by the terminal, not wrapped: that would shift all below. */
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';
/** Terminals that know it show the whole frame at once; others ignore it. */
const FRAME_BEGIN = '\x1b[?2026h';
const FRAME_END = '\x1b[?2026l';
const CLEAR_LINE_REST = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';
const CLEAR_ALL = '\x1b[2J\x1b[H';

/** The terminal that is drawn on. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

interface Part {
  readonly name: string;
  detail: string | undefined;
}

/** A table that is drawn over in place. */
export class LiveShow implements Show {
  readonly #terminal: Terminal;
  readonly #colors: boolean;
  readonly #parts: Part[] = [];
  #size = '';
  #drawn = '';
  #height = 0;
  #live = false;

  constructor(terminal: Terminal, colors: boolean) {
    this.#terminal = terminal;
    this.#colors = colors;
    this.#size = sizeOf(terminal);
    terminal.write(HIDE_CURSOR + NO_WRAP);
  }

  starting(name: string): void {
    if (this.#live) return;
    this.#parts.push({ name, detail: undefined });
    this.#draw(this.#progress());
  }

  started(name: string, _pid: number, detail: string): void {
    if (this.#live) return;
    const part = this.#parts.find((one) => one.name === name);
    if (part !== undefined) part.detail = detail;
    this.#draw(this.#progress());
  }

  event(): void {
    // The next frame holds it.
  }

  frame(scene: Scene): void {
    this.#live = true;
    // The last row stays free: a line end there would scroll.
    const { rows, columns } = this.#terminal;
    this.#draw(layOut(scene, { rows: Math.max(1, rows - 1), columns }));
  }

  close(summary: string): void {
    // What was drawn last stays to be read.
    this.#terminal.write(`${this.#height === 0 ? '' : '\r\n'}${WRAP}${SHOW_CURSOR}${summary}`);
  }

  #progress(): Line[] {
    const parts = this.#parts.map(({ name, detail }): Line => {
      if (detail === undefined) return [span(' … ', 'yellow'), span(name)];
      return [span(' ✓ ', 'green'), span(name.padEnd(22)), span(detail, 'dim')];
    });
    return [[span(' Weft', 'bold'), span('  starting a mesh on this machine')], [], ...parts];
  }

  #draw(lines: readonly Line[]): void {
    const { columns } = this.#terminal;
    // The last column stays free: from there, clearing the rest would take its character along.
    const texts = lines.map((line) => renderLine(line, columns - 1, this.#colors) + CLEAR_LINE_REST);
    const drawn = texts.join('\r\n');
    const resized = sizeOf(this.#terminal) !== this.#size;
    if (drawn === this.#drawn && !resized) return;
    // After a change of its size a terminal has wrapped or moved what was there.
    const home = resized ? CLEAR_ALL : `\r${this.#height > 1 ? `\x1b[${this.#height - 1}A` : ''}`;
    this.#size = sizeOf(this.#terminal);
    this.#drawn = drawn;
    this.#height = lines.length;
    this.#terminal.write(FRAME_BEGIN + home + drawn + CLEAR_BELOW + FRAME_END);
  }
}

function sizeOf({ columns, rows }: Terminal): string {
  return `${columns}x${rows}`;
}
