/**
 * Names, reasons and metadata come from peers: they may hold what a terminal obeys (escape
 * sequences), what turns text around (bidi overrides), or nothing but length.
 */

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const MAX_LENGTH = 300;

/** The text on one line with what cannot be seen spelled out (`\u{1b}`), cut after `max` characters. */
export function visible(text: string, max = MAX_LENGTH): string {
  const cut = text.length > max ? `${text.slice(0, max - 1)}…` : text;
  return cut.replace(UNSEEN, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
