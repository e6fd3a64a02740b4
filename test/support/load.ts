import { waitUntil, type Owner } from './children.ts';

export interface Load {
  /** What the calls that failed said. */
  readonly failures: readonly string[];
  /** Resolves when `name` has answered `more` further calls. */
  served(name: string, more?: number): Promise<void>;
  /** How many calls `name` has answered. */
  count(name: string): number;
  /** Lets the calls under way finish. */
  stop(): Promise<void>;
}

/** A load that fails this often has failed; it must not spin on calls that fail at once. */
const MAX_FAILURES = 1000;

/**
 * Calls without a pause from several lanes at once, until told to stop or the owner is done. `call` gives the name of
 * who answered.
 */
export function startLoad(owner: Owner, call: () => Promise<string>, lanes = 16): Load {
  const counts = new Map<string, number>();
  const failures: string[] = [];
  const run = { on: true };
  const lane = async (): Promise<void> => {
    while (run.on && failures.length < MAX_FAILURES) {
      await call().then(
        (name) => counts.set(name, (counts.get(name) ?? 0) + 1),
        (error: Error) => failures.push(error.message),
      );
    }
  };
  const done = Promise.all(Array.from({ length: lanes }, lane));
  const stop = async (): Promise<void> => {
    run.on = false;
    await done;
  };
  owner.after(stop);
  const count = (name: string): number => counts.get(name) ?? 0;
  return {
    failures,
    count,
    async served(name, more = 200) {
      const from = count(name);
      await waitUntil(() => count(name) >= from + more, { what: `${more} calls served by ${name}` });
    },
    stop,
  };
}
