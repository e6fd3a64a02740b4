/**
 * A first-in-first-out queue over an array whose length is a power of two. Unlike
 * `Array.shift` its cost does not grow with its length, and a drained queue keeps no items.
 */
export class Ring<T> {
  #items: (T | undefined)[] = Array.from({ length: 8 }, () => undefined);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length) & (this.#items.length - 1)] = item;
    this.#length++;
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#length === 0 ? undefined : this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    this.#length--;
    return item;
  }

  #grow(): void {
    const old = this.#items;
    const size = old.length;
    const items: (T | undefined)[] = Array.from({ length: size * 2 }, () => undefined);
    for (let i = 0; i < size; i++) items[i] = old[(this.#head + i) & (size - 1)];
    this.#items = items;
    this.#head = 0;
  }
}
