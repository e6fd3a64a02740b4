/** Above this a call out of JavaScript is faster than a loop. */
const SHORT = 48;

/** Writes `text`, of which one character is one octet, into `target` at `at`; returns where it ends. */
export function writeLatin1(target: Buffer, text: string, at: number): number {
  const { length } = text;
  if (length > SHORT) return at + target.write(text, at, 'latin1');
  for (let i = 0; i < length; i++) target[at + i] = text.charCodeAt(i);
  return at + length;
}
