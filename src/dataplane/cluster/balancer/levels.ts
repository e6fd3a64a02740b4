import type { Chance } from '../../../core/clock.ts';
import { mix32 } from '../../../core/hash.ts';
import type { Endpoint } from '../endpoint.ts';
import type { BalancerType, LevelPolicy } from '../policy.ts';
import { createPicker, type Picker, type PickerDeps } from './picker.ts';

/** What one level gets: a part of all requests, for these endpoints. */
export interface LevelShare {
  /** From 0 to 1. */
  readonly part: number;
  readonly members: readonly Endpoint[];
}

/**
 * A picker over endpoints of which some are preferred: those of the lowest priority number, and among these the ones
 * in the own zone. The others get what the preferred ones have no strength for.
 *
 * @param zone where this proxy is; '' for nowhere.
 */
export function createLevels(
  type: BalancerType,
  endpoints: readonly Endpoint[],
  policy: LevelPolicy,
  zone: string,
  deps: PickerDeps,
): Picker {
  const weighted = endpoints.filter(({ share }) => share > 0);
  const shares = shareOut(levelsOf(weighted, policy.preferZone ? zone : ''), policy);
  if (shares.length === 0) return { pick: () => undefined };
  const create = ({ members }: LevelShare): Picker => createPicker(type, members, deps);
  return shares.length === 1 ? create(shares[0]!) : new Levels(shares, create, deps.chance);
}

/** The best first. */
function levelsOf(endpoints: readonly Endpoint[], zone: string): (readonly Endpoint[])[] {
  const levels = new Map<number, Endpoint[]>();
  for (const endpoint of endpoints) {
    const away = zone !== '' && endpoint.metadata['zone'] !== zone ? 1 : 0;
    const rank = 2 * endpoint.priority + away;
    const level = levels.get(rank);
    if (level === undefined) levels.set(rank, [endpoint]);
    else level.push(endpoint);
  }
  return [...levels].toSorted(([a], [b]) => a - b).map(([, level]) => level);
}

/**
 * How requests are shared among levels. A level of which a part of the weight is usable can do that part of its work,
 * and somewhat more, as endpoints have reserves (`overprovision`); what it cannot do goes to the next one. When all
 * together can not do it, they share it by what they can; and a level with less than `panicThreshold` usable is
 * taken as if all of it were: few would break down under the load of many.
 *
 * @param levels the best first; none is empty.
 * @returns those with endpoints to try, those that get a part first; the others are for requests that avoid one.
 */
export function shareOut(levels: readonly (readonly Endpoint[])[], policy: LevelPolicy): LevelShare[] {
  const states = levels.map((level) => {
    const members = level.filter(({ usable }) => usable);
    const usable = sum(members) / sum(level);
    return { level, members, usable, strength: Math.min(1, (usable * policy.overprovision) / 100) };
  });
  const total = states.reduce((strength, state) => strength + state.strength, 0);
  // A guess beats a certain failure.
  if (total === 0) return levels.length === 0 ? [] : [{ part: 1, members: levels.flat() }];
  if (total < 1) {
    for (const state of states) {
      if (state.usable * 100 < policy.panicThreshold) state.members = [...state.level];
    }
  }
  const shares: LevelShare[] = [];
  let left = 1;
  for (const { members, strength } of states) {
    const part = Math.min(left, strength);
    if (members.length > 0) shares.push({ part, members });
    left -= part;
  }
  return shares.map(({ part, members }) => ({ part: part / (1 - left), members }));
}

function sum(endpoints: readonly Endpoint[]): number {
  let weight = 0;
  for (const endpoint of endpoints) weight += endpoint.weight;
  return weight;
}

class Levels implements Picker {
  readonly #shares: readonly LevelShare[];
  readonly #create: (share: LevelShare) => Picker;
  /** Made when first asked. */
  readonly #pickers: (Picker | undefined)[];
  readonly #chance: Chance;
  /** The last one that gets a part. */
  readonly #last: number;

  constructor(shares: readonly LevelShare[], create: (share: LevelShare) => Picker, chance: Chance) {
    this.#shares = shares;
    this.#create = create;
    this.#pickers = shares.map(() => undefined);
    this.#chance = chance;
    this.#last = shares.findLastIndex(({ part }) => part > 0);
  }

  pick(except: Endpoint | undefined, hash?: number): Endpoint | undefined {
    // A key keeps its level, too; and its place there does not depend on it.
    const first = this.#last === 0 ? 0 : this.#levelAt(hash === undefined ? this.#chance() : mix32(hash) / 2 ** 32);
    const endpoint = this.#pickerAt(first).pick(except, hash);
    if (endpoint !== except || except === undefined) return endpoint;
    for (let level = 0; level < this.#shares.length; level++) {
      const other: Endpoint | undefined = level === first ? undefined : this.#pickerAt(level).pick(except, hash);
      if (other !== undefined && other !== except) return other;
    }
    return endpoint;
  }

  #pickerAt(level: number): Picker {
    return (this.#pickers[level] ??= this.#create(this.#shares[level]!));
  }

  #levelAt(point: number): number {
    for (let level = 0; level < this.#last; level++) {
      point -= this.#shares[level]!.part;
      if (point < 0) return level;
    }
    return this.#last;
  }
}
