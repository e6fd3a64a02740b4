import type { Endpoint } from '../endpoint.ts';
import { Draw } from './draw.ts';
import type { Picker, PickerDeps } from './picker.ts';

/** Any endpoint, by its weight. */
export function random(endpoints: readonly Endpoint[], { chance }: PickerDeps): Picker {
  const draw = new Draw(endpoints, chance);
  return { pick: (except) => draw.one(except) };
}
