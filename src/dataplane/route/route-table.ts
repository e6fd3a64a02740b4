import type { RequestHead } from '../message/http-head.ts';
import { compileRoute } from './compile-route.ts';
import { HostIndex } from './host-index.ts';
import type { CompileRegex } from './regex.ts';
import { NO_PARTS, type Route, type RouteParts } from './route.ts';
import type { RouteSpec } from './route-spec.ts';
import { Rule } from './rule.ts';
import { Subject } from './subject.ts';

/** The routes of one listener, compiled; it never changes. */
export class RouteTable {
  readonly routes: readonly Route[];
  readonly #index = new HostIndex();
  readonly #subject = new Subject();

  /** `compileRoutes` makes one. */
  constructor(specs: readonly RouteSpec[], parts: RouteParts, compileRegex: CompileRegex) {
    this.routes = specs.map((spec) => compileRoute(spec, parts, compileRegex));
    for (const [order, { match }] of specs.entries()) {
      this.#index.add(new Rule(order, match, this.routes[order]!, compileRegex), match.hosts);
    }
  }

  /** The first route whose match holds for the request. */
  match(head: RequestHead): Route | undefined {
    if (this.routes.length === 0) return undefined;
    this.#subject.begin(head);
    const rule = this.#index.find(this.#subject);
    this.#subject.end();
    return rule?.route;
  }
}

/**
 * Compiles routes, and loads what reads regular expressions if there is one.
 *
 * @throws when a regular expression is none; a checked config has none such
 */
export async function compileRoutes(specs: readonly RouteSpec[], parts: RouteParts = NO_PARTS): Promise<RouteTable> {
  if (!specs.some(hasRegex)) return new RouteTable(specs, parts, noRegex);
  const { compileRegex } = await import('./regex.ts');
  return new RouteTable(specs, parts, compileRegex);
}

function hasRegex({ match, rewrite }: RouteSpec): boolean {
  const values = [...(match.headers ?? []), ...(match.query ?? [])];
  return (match.path?.regex ?? rewrite?.regex) !== undefined || values.some(({ regex }) => regex !== undefined);
}

function noRegex(pattern: string): never {
  throw new Error(`nothing is loaded to compile ${pattern}`);
}
