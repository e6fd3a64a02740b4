import { PairMap } from '../core/pair-map.ts';
import type { Publication } from './model.ts';

/** Which port of the application serves a service; asked for each request of the ingress. */
export class PortIndex {
  #ports = new PairMap<number>();

  portOf(service: string, protocol: string): number | undefined {
    return this.#ports.get(protocol, service);
  }

  rebuild(publications: Iterable<Publication>, portOf: (publication: Publication) => number | undefined): void {
    const next = new PairMap<number>();
    for (const publication of publications) {
      const port = portOf(publication);
      if (port !== undefined) next.set(publication.protocol, publication.service, port);
    }
    this.#ports = next;
  }
}
