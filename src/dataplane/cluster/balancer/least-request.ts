import type { Endpoint } from '../endpoint.ts';
import { Draw } from './draw.ts';
import type { Picker, PickerDeps } from './picker.ts';

/**
 * Two choices: of two endpoints drawn by chance (by their weights), the one with fewer requests
 * under way for its weight. A slow or frozen endpoint gathers requests and so gets few new ones.
 * Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing".
 */
export function leastRequest(endpoints: readonly Endpoint[], { chance }: PickerDeps): Picker {
  return new LeastRequest(new Draw(endpoints, chance));
}

class LeastRequest implements Picker {
  readonly #draw: Draw;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  pick(except: Endpoint | undefined): Endpoint {
    const a = this.#draw.one(except);
    const b = this.#draw.one(this.#draw.equal ? a : except);
    if (b === except) return a;
    // The first one drawn wins a tie, so that without load the shares are those of the weights.
    return b.active * a.share < a.active * b.share ? b : a;
  }
}
