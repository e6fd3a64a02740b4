import type { Publication } from './model.ts';

/** Which port of the application serves a service; asked for each request of the ingress. */
export class PortIndex {
  #byProtocol = new Map<string, Map<string, number>>();

  portOf(service: string, protocol: string): number | undefined {
    return this.#byProtocol.get(protocol)?.get(service);
  }

  rebuild(publications: Iterable<Publication>, portOf: (publication: Publication) => number | undefined): void {
    const next = new Map<string, Map<string, number>>();
    for (const publication of publications) {
      const port = portOf(publication);
      if (port === undefined) continue;
      let services = next.get(publication.protocol);
      if (services === undefined) next.set(publication.protocol, (services = new Map()));
      services.set(publication.service, port);
    }
    this.#byProtocol = next;
  }
}
