/** What is to be different from a base, at any depth; lists are replaced whole. */
export type Changes<T> = {
  readonly [K in keyof T]?:
    | (T[K] extends readonly unknown[] ? T[K] : T[K] extends object ? Changes<T[K]> : T[K])
    | undefined;
};

/** Lays the same changes over one base or another; asked again with a base, it gives the same object. */
export class Overlay<T extends object> {
  readonly #changes: Changes<T>;
  readonly #known = new WeakMap<T, T>();

  constructor(changes: Changes<T>) {
    this.#changes = changes;
  }

  over(base: T): T {
    let merged = this.#known.get(base);
    if (merged === undefined) this.#known.set(base, (merged = merge(base, this.#changes)));
    return merged;
  }
}

function merge<T extends object>(base: T, changes: Changes<T>): T {
  const merged = { ...base } as Record<string, unknown>;
  for (const [key, change] of Object.entries(changes)) {
    const before = merged[key];
    if (change !== undefined) merged[key] = isSection(before) && isSection(change) ? merge(before, change) : change;
  }
  return merged as T;
}

function isSection(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
