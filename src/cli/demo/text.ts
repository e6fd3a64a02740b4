import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** A piece of a line in one style. All characters are one column wide. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Line = readonly Span[];

export function span(text: string, style?: Style): Span {
  return style === undefined ? { text } : { text, style };
}

/** Cuts a line to a width and brings its styles in. */
export function renderLine(line: Line, width: number, colors: boolean): string {
  let left = width;
  let out = '';
  for (const { text, style } of line) {
    if (left <= 0) break;
    const part = text.length > left ? `${text.slice(0, left - 1)}…` : text;
    left -= part.length;
    out += colors && style !== undefined ? styleText(style, part, { validateStream: false }) : part;
  }
  return out;
}

/** Not in the test's or the reader's language, but in the one of all other texts here. */
export function count(amount: number): string {
  return amount.toLocaleString('en-US');
}

/** `0.42 ms`, `12.3 ms`, `340 ms` */
export function millis(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return `${ms.toFixed(Math.abs(ms) < 10 ? 2 : Math.abs(ms) < 100 ? 1 : 0)} ms`;
}

/** Cut, not rounded: 99.999 % is not 100 %. */
export function percent(part: number | undefined): string {
  return part === undefined ? '–' : `${(Math.floor(part * 10_000 + 1e-6) / 100).toFixed(2)} %`;
}

/** `8 s`, `3 min 12 s` */
export function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
