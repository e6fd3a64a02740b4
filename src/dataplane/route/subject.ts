import type { RequestHead } from '../message/http-head.ts';

/**
 * The request that rules look at. A head may make a string each time that it is asked: what several
 * rules need is asked for once, and what none needs never. One object serves all requests of a table.
 */
export class Subject {
  /** With the query. */
  path = '';
  /** Where the path ends and the query begins. */
  pathEnd = 0;
  #head: RequestHead | undefined;
  #method = '';

  begin(head: RequestHead): void {
    this.#head = head;
    this.#method = '';
    this.path = head.path;
    const query = this.path.indexOf('?');
    this.pathEnd = query < 0 ? this.path.length : query;
  }

  /** Lets go of the head, which is valid no longer than the look at it. */
  end(): void {
    this.#head = undefined;
  }

  get head(): RequestHead {
    if (this.#head === undefined) throw new Error('there is no request to look at');
    return this.#head;
  }

  /** WebSocket asks with GET in HTTP/1 and with CONNECT in HTTP/2 (RFC 8441); for rules it is GET in both. */
  get method(): string {
    if (this.#method === '') {
      const { method } = this.head;
      this.#method = method === 'CONNECT' && !this.isTunnel ? 'GET' : method;
    }
    return this.#method;
  }

  /** A CONNECT that asks for a tunnel to its authority: it alone has no path. */
  get isTunnel(): boolean {
    return this.path === '';
  }
}
