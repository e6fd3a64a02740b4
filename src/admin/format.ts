/** Numbers as people read them. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `42 s`, `3 min 5 s`, `2 h 14 min`, `5 d 3 h`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min ${seconds % MINUTE} s`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h ${Math.floor((seconds % HOUR) / MINUTE)} min`;
  return `${Math.floor(seconds / DAY)} d ${Math.floor((seconds % DAY) / HOUR)} h`;
}

/** With thin spaces between thousands: `12 345`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

/** A share of one in percent; never `100 %` while something is missing, nor `0 %` while something is there. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (100 * part) / whole;
  if (part === whole || part === 0) return `${percent} %`;
  if (percent >= 99) return `${Math.min(99.999, Math.floor(percent * 1000) / 1000)} %`;
  return `${Math.max(0.1, Math.round(percent * 10) / 10)} %`;
}

/** `0.84 ms`, `12 ms`, `1.3 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds >= 1) return `${round(seconds)} s`;
  return `${round(seconds * 1000)} ms`;
}

/** `2026-03-01 12:00:05Z` */
export function formatTime(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}

function round(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}
