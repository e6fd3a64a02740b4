/** Says on standard error what goes on: on a terminal in one line that changes, elsewhere line by line. */
export type Progress = { say: (what: string) => void; clear: () => void };

export function progressOn(stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) return { say: (what) => void stream.write(`bench: ${what}\n`), clear: () => undefined };
  return {
    say: (what) => void stream.write(`\r\x1b[K${what.slice(0, stream.columns - 1)}`),
    clear: () => void stream.write('\r\x1b[K'),
  };
}
