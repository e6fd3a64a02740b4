import type { Fault } from './fault.ts';

/** The longest delay that a caller may ask for, in ms: it holds memory here, and the config has not named it. */
const MAX_ASKED_DELAY = 300_000;
const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };
const DELAY = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m)$/;
const EXPECTED = 'expected delay=2s, abort=503 or grpc=14, or some of them with commas between';

/** Reads what a caller asks for, such as `delay=100ms, abort=503`. @param name of the field, for people. */
export function askedFault(name: string, value: string): Fault {
  let delay: number | undefined;
  let status: number | undefined;
  let grpc: number | undefined;
  for (const part of value.split(',')) {
    const [, key, text = ''] = /^(\w+)=(.+)$/.exec(part.trim()) ?? [];
    if (key === 'delay' && delay === undefined) delay = delayOf(text);
    else if (key === 'abort' && status === undefined) status = within(text, 400, 599);
    else if (key === 'grpc' && grpc === undefined) grpc = within(text, 1, 16);
    else return refused(`${name}: ${EXPECTED}`);
  }
  if ([delay, status, grpc].some(Number.isNaN)) return refused(`${name}: ${EXPECTED}`);
  if (delay !== undefined && delay > MAX_ASKED_DELAY) return refused(`${name}: the longest delay is 5m`);
  const aborts = status !== undefined || grpc !== undefined;
  return { delay: delay ?? 0, abort: aborts ? { status, grpc } : undefined };
}

function refused(problem: string): Fault {
  return { delay: 0, abort: undefined, problem };
}

function delayOf(text: string): number {
  const match = DELAY.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * MS_PER_UNIT[match[2]!]!;
}

function within(text: string, min: number, max: number): number {
  const number = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  return number >= min && number <= max ? number : Number.NaN;
}
