/** A map whose keys are pairs of texts, without a text that joins them. */
export class PairMap<V> {
  readonly #outer = new Map<string, Map<string, V>>();

  get(first: string, second: string): V | undefined {
    return this.#outer.get(first)?.get(second);
  }

  set(first: string, second: string, value: V): void {
    let inner = this.#outer.get(first);
    if (inner === undefined) this.#outer.set(first, (inner = new Map()));
    inner.set(second, value);
  }

  delete(first: string, second: string): void {
    const inner = this.#outer.get(first);
    inner?.delete(second);
    if (inner?.size === 0) this.#outer.delete(first);
  }

  get size(): number {
    let size = 0;
    for (const inner of this.#outer.values()) size += inner.size;
    return size;
  }

  *values(): Generator<V, void, undefined> {
    for (const inner of this.#outer.values()) yield* inner.values();
  }
}
