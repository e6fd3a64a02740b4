/** Somebody's place in a line. */
export interface Place {
  /** Goes away without having been served; does nothing once it has been, or has left. */
  leave(): void;
}

interface Link<T> {
  readonly item: T | undefined;
  next: Link<T>;
  previous: Link<T>;
}

/**
 * A first-in-first-out queue that anybody in it can leave, from any place and at the same cost:
 * its length counts only those who still wait.
 */
export class Line<T> {
  /** Closes the ring of links: the first one follows it, the last one precedes it. */
  readonly #ends: Link<T>;
  #length = 0;

  constructor() {
    const ends = { item: undefined } as Link<T>;
    this.#ends = ends.next = ends.previous = ends;
  }

  get length(): number {
    return this.#length;
  }

  join(item: T): Place {
    const ends = this.#ends;
    const link: Link<T> = { item, next: ends, previous: ends.previous };
    ends.previous.next = link;
    ends.previous = link;
    this.#length++;
    return { leave: () => this.#remove(link) };
  }

  /** Takes the one that has waited longest. */
  shift(): T | undefined {
    const { next } = this.#ends;
    if (next === this.#ends) return undefined;
    this.#remove(next);
    return next.item;
  }

  #remove(link: Link<T>): void {
    // A link outside the line points to itself.
    if (link.next === link) return;
    link.previous.next = link.next;
    link.next.previous = link.previous;
    link.next = link.previous = link;
    this.#length--;
  }
}
