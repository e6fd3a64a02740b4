import type { Chance } from '../../core/clock.ts';
import type { Known } from '../message/http-fields.ts';
import type { RequestHead } from '../message/http-head.ts';
import { askedFault } from './asked-fault.ts';
import type { Fault } from './fault.ts';
import { fieldValue, knownOf } from './field-value.ts';
import type { AbortSpec, FaultSpec } from './route-spec.ts';

/** Draws, request by request, which of them are delayed and aborted. */
export class FaultPolicy {
  readonly #delay: { readonly ms: number; readonly percent: number } | undefined;
  readonly #abort: AbortSpec | undefined;
  /** The field by which callers may ask for a fault. */
  readonly #field: { readonly known: Known; readonly name: string } | undefined;

  constructor({ delay, abort, header }: FaultSpec) {
    this.#delay = delay && { ms: delay.duration, percent: delay.percent };
    this.#abort = abort;
    this.#field = header === undefined ? undefined : { known: knownOf(header), name: header };
  }

  /** What becomes of this request; undefined: nothing. One that asks for a fault gets that, and no other by chance. */
  draw(head: RequestHead, chance: Chance): Fault | undefined {
    if (this.#field !== undefined) {
      const { known, name } = this.#field;
      const asked = fieldValue(head, known, name);
      if (asked !== undefined) return askedFault(name, asked);
    }
    const delay = this.#delay !== undefined && hits(this.#delay.percent, chance) ? this.#delay.ms : 0;
    const abort = this.#abort !== undefined && hits(this.#abort.percent, chance) ? this.#abort : undefined;
    if (delay === 0 && abort === undefined) return undefined;
    return { delay, abort: abort && { status: abort.status, grpc: abort.grpc } };
  }
}

/** Percent of all; fractions count. */
export function hits(percent: number, chance: Chance): boolean {
  return chance() * 100 < percent;
}
