import type { ClusterView, EndpointView } from './target.ts';

/** What a caller asked to see of the clusters. */
export interface ClusterQuery {
  /** A part of the name in any case, or a whole name; empty for all. */
  readonly name: string;
  /** From 1. */
  readonly page: number;
}

/** One page of clusters, so that no answer grows with the mesh. */
export interface ClusterList {
  readonly query: ClusterQuery;
  /** How many match. */
  readonly total: number;
  readonly pages: number;
  readonly clusters: readonly ShownCluster[];
}

export interface ShownCluster {
  readonly view: ClusterView;
  readonly usable: number;
  /** The first ones, unusable ones before the others. */
  readonly endpoints: readonly EndpointView[];
}

export interface ListLimits {
  readonly clusters: number;
  /** Endpoints shown of each cluster. */
  readonly endpoints: number;
  /** Endpoints shown of a cluster whose whole name was asked for. */
  readonly endpointsOfOne: number;
}

/** The clusters that match, sorted by name. A whole name finds that cluster alone; a page too far is the last one. */
export function listClusters(all: readonly ClusterView[], query: ClusterQuery, limits: ListLimits): ClusterList {
  const named = query.name === '' ? [] : all.filter(({ name }) => name === query.name);
  const found = named.length > 0 ? named : containing(all, query.name);
  const pages = Math.max(1, Math.ceil(found.length / limits.clusters));
  const page = Math.min(Math.max(1, query.page), pages);
  const first = (page - 1) * limits.clusters;
  const shown = found
    .toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
    .slice(first, first + limits.clusters);
  const limit = named.length > 0 ? limits.endpointsOfOne : limits.endpoints;
  return {
    query: { name: query.name, page },
    total: found.length,
    pages,
    clusters: shown.map((view) => ({
      view,
      usable: usableOf(view),
      endpoints: troubledFirst(view.endpoints).slice(0, limit),
    })),
  };
}

export function usableOf({ endpoints }: ClusterView): number {
  return endpoints.reduce((count, { usable }) => (usable ? count + 1 : count), 0);
}

/** The query string of another page; empty for the first one without a filter. */
export function queryString({ name, page }: ClusterQuery, extra: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(extra);
  if (name !== '') query.set('name', name);
  if (page > 1) query.set('page', String(page));
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function containing(all: readonly ClusterView[], part: string): readonly ClusterView[] {
  if (part === '') return all;
  const wanted = part.toLowerCase();
  return all.filter(({ name }) => name.toLowerCase().includes(wanted));
}

function troubledFirst(endpoints: readonly EndpointView[]): EndpointView[] {
  return [...endpoints.filter(({ usable }) => !usable), ...endpoints.filter(({ usable }) => usable)];
}
