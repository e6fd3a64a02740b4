import type { Ask } from './question.ts';

/** That it takes a connection is the answer. */
export const askTcp: Ask = (asked) => ({
  ask: () => asked.answer(''),
  read: () => {},
  end: () => {},
  close: () => {},
});
