import type { Known } from '../message/http-fields.ts';
import { fieldValue, knownOf } from './field-value.ts';
import { toOctets } from './octets.ts';
import { queryValue } from './query-value.ts';
import type { CompileRegex } from './regex.ts';
import type { Route } from './route.ts';
import type { MatchSpec, PathSpec } from './route-spec.ts';
import type { Subject } from './subject.ts';
import { compileValueTest, type ValueTest } from './value-test.ts';

interface FieldTest {
  readonly known: Known;
  readonly name: string;
  readonly test: ValueTest;
}

interface ParameterTest {
  /** One character for each octet. */
  readonly name: string;
  readonly test: ValueTest;
}

/** What a route wants of a request, beside the host and the path by which it is found. */
export class Rule {
  /** Its place among all; the first that admits a request is taken. */
  readonly order: number;
  readonly route: Route;
  readonly path: PathSpec | undefined;
  readonly #methods: readonly string[] | undefined;
  readonly #path: ((path: string) => boolean) | undefined;
  readonly #headers: readonly FieldTest[];
  readonly #query: readonly ParameterTest[];

  constructor(order: number, match: MatchSpec, route: Route, compileRegex: CompileRegex) {
    this.order = order;
    this.route = route;
    this.path = match.path;
    this.#methods = match.methods;
    const regex = match.path?.regex === undefined ? undefined : compileRegex(match.path.regex);
    this.#path = regex && ((path) => regex.matches(path));
    this.#headers = (match.headers ?? []).map((spec) => ({
      known: knownOf(spec.name),
      name: spec.name,
      test: compileValueTest(spec, compileRegex),
    }));
    this.#query = (match.query ?? []).map((spec) => ({
      name: toOctets(spec.name),
      test: compileValueTest(spec, compileRegex),
    }));
  }

  admits(subject: Subject): boolean {
    return this.#admitsMethod(subject) && this.#admitsPath(subject) && this.#admitsValues(subject);
  }

  /** A tunnel leads anywhere, so a route must ask for it by name. */
  #admitsMethod(subject: Subject): boolean {
    return this.#methods === undefined ? !subject.isTunnel : this.#methods.includes(subject.method);
  }

  #admitsPath({ path, pathEnd }: Subject): boolean {
    return this.#path === undefined || this.#path(path.slice(0, pathEnd));
  }

  #admitsValues({ head, path, pathEnd }: Subject): boolean {
    for (const { known, name, test } of this.#headers) if (!test(fieldValue(head, known, name))) return false;
    for (const { name, test } of this.#query) if (!test(queryValue(path, pathEnd, name))) return false;
    return true;
  }
}

/** The first of `rules` that admits the request, if it comes before `best`; `best` otherwise. */
export function earliest(rules: readonly Rule[], subject: Subject, best: Rule | undefined): Rule | undefined {
  for (const rule of rules) {
    if (best !== undefined && rule.order >= best.order) return best;
    if (rule.admits(subject)) return rule;
  }
  return best;
}
