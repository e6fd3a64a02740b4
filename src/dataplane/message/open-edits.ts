import type { HeadEdits } from './http-head.ts';

/** Edits of a head that are still being collected. */
export interface OpenEdits extends Pick<HeadEdits, 'without'> {
  readonly added: string[];
}
