import { compileRoutes } from '../../src/dataplane/route/route-table.ts';
import type { RouteSpec } from '../../src/dataplane/route/route-spec.ts';
import { request } from '../../src/dataplane/route/testing/request.ts';
import type { Case } from './time-it.ts';

const LOOKS = 1000;
const MANY = 1000;

/** Finding the route of a request, with one route and with many: the figures of a pair should be near each other. */
export async function routeCases(): Promise<Case[]> {
  return [
    await look('1 prefix', prefixes(1)),
    await look(`${MANY} prefixes`, prefixes(MANY)),
    await look('1 host and prefix', hosts(1)),
    await look(`${MANY} hosts and prefixes`, hosts(MANY)),
    await look('1 domain (*.example.com)', domains(1)),
    await look(`${MANY} domains`, domains(MANY)),
  ];
}

/** The one that is asked for is the last. */
async function look(name: string, specs: readonly RouteSpec[]): Promise<Case> {
  const table = await compileRoutes(specs);
  const head = request({ authority: 'shop-0.example.com:8080', path: '/service-0/items/17?page=2' });
  return {
    name: `find a route among ${name}`,
    unit: 'request',
    units: LOOKS,
    run() {
      for (let i = 0; i < LOOKS; i++) if (table.match(head)?.name !== '0') throw new Error(`${name}: no route`);
    },
  };
}

function prefixes(count: number): RouteSpec[] {
  return specs(count, (index) => ({ path: { prefix: `/service-${index}` } }));
}

function hosts(count: number): RouteSpec[] {
  return specs(count, (index) => ({ hosts: [`shop-${index}.example.com`], path: { prefix: `/service-${index}` } }));
}

function domains(count: number): RouteSpec[] {
  return specs(count, (index) => ({ hosts: [index === 0 ? '*.example.com' : `*.example-${index}.com`] }));
}

function specs(count: number, match: (index: number) => RouteSpec['match']): RouteSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `${count - 1 - index}`,
    match: match(count - 1 - index),
    cluster: 'shop',
  }));
}
