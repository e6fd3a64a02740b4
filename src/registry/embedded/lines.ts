const LINE_FEED = 0x0a;

/** Cuts a stream of bytes into lines. Empty lines are skipped. */
export class LineReader {
  readonly #maxLine: number;
  #parts: Buffer[] = [];
  #length = 0;

  /** `maxLine` in bytes; a longer line makes `push` throw. */
  constructor(maxLine: number) {
    this.#maxLine = maxLine;
  }

  push(chunk: Buffer, onLine: (line: string) => void): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      this.#keep(chunk.subarray(start, end < 0 ? chunk.length : end));
      if (end < 0) return;
      const line = this.#take();
      if (line !== '') onLine(line);
      start = end + 1;
    }
  }

  #keep(part: Buffer): void {
    this.#length += part.length;
    if (this.#length > this.#maxLine) throw new Error(`a line is longer than ${this.#maxLine} bytes`);
    if (part.length > 0) this.#parts.push(part);
  }

  #take(): string {
    const line = Buffer.concat(this.#parts, this.#length).toString('utf8').trim();
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
