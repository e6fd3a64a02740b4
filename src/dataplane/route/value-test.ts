import { fromOctets, toOctets } from './octets.ts';
import type { CompileRegex } from './regex.ts';
import type { ValueSpec } from './route-spec.ts';

/** Whether a value is as a rule wants it; undefined: there is none. */
export type ValueTest = (value: string | undefined) => boolean;

export function compileValueTest(spec: ValueSpec, compileRegex: CompileRegex): ValueTest {
  const holds = comparison(spec, compileRegex);
  return spec.invert ? (value) => value === undefined || !holds(value) : (value) => value !== undefined && holds(value);
}

function comparison(spec: ValueSpec, compileRegex: CompileRegex): (value: string) => boolean {
  if (spec.exact !== undefined) return is(toOctets(spec.exact));
  if (spec.prefix !== undefined) return beginsWith(toOctets(spec.prefix));
  if (spec.suffix !== undefined) return endsWith(toOctets(spec.suffix));
  if (spec.regex !== undefined) return matchesRegex(compileRegex, spec.regex);
  if (spec.range !== undefined) return isWithin(spec.range.from, spec.range.to);
  return () => true;
}

function is(wanted: string): (value: string) => boolean {
  return (value) => value === wanted;
}

function beginsWith(prefix: string): (value: string) => boolean {
  return (value) => value.startsWith(prefix);
}

function endsWith(suffix: string): (value: string) => boolean {
  return (value) => value.endsWith(suffix);
}

function matchesRegex(compileRegex: CompileRegex, pattern: string): (value: string) => boolean {
  const regex = compileRegex(pattern);
  return (value) => regex.matches(fromOctets(value));
}

/** Digits beyond these could not be told apart as numbers. */
const WHOLE_NUMBER = /^[+-]?\d{1,15}$/;

function isWithin(from: number, to: number): (value: string) => boolean {
  return (value) => {
    if (!WHOLE_NUMBER.test(value)) return false;
    const number = Number(value);
    return number >= from && number < to;
  };
}
