/** Codes that the system gives for a connection that could not be made, or was cut: in words, and what to look at. */
interface Trouble {
  readonly what: string;
  /** A question whose answer is the next step; `who` is what should be at the other end. */
  check(who: string): string;
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  ECONNREFUSED: {
    what: 'connection refused',
    check: (who) => `is ${who} started, and does it listen at this address and port?`,
  },
  ECONNRESET: {
    what: 'connection reset by the other side',
    check: (who) => `is ${who} still running, and does nothing between cut connections?`,
  },
  EHOSTUNREACH: { what: 'host out of reach', check: () => 'is the address right, and is that host up?' },
  ENETUNREACH: {
    what: 'network out of reach',
    check: () => 'is the address right, and has this machine a route to it?',
  },
  ETIMEDOUT: { what: 'no answer in time', check: noAnswer },
  connectTimeout: { what: 'no answer in time', check: noAnswer },
  ENOTFOUND: { what: 'unknown host name', check: () => 'is the name spelt right, and does DNS know it?' },
  EAI_AGAIN: { what: 'no answer from DNS', check: () => 'does this machine reach its DNS server?' },
};

function noAnswer(): string {
  return 'is the address right, is that host up, and does a firewall drop what goes to this port?';
}

const CODE = /\((\w+)\)$/;

/** `connection refused (ECONNREFUSED)`; of an error that is not known, its own message. */
export function inWords(error: { readonly code?: string; readonly message: string }): string {
  const { code = '', message } = error;
  const known = Object.hasOwn(TROUBLES, code) ? TROUBLES[code] : undefined;
  return known === undefined ? message || code : `${known.what} (${code})`;
}

/** What to look at, as a question, for a reason that `inWords` has written; undefined for others. */
export function whatToCheck(reason: string, who: string): string | undefined {
  const code = CODE.exec(reason)?.[1] ?? '';
  return Object.hasOwn(TROUBLES, code) ? TROUBLES[code]!.check(who) : undefined;
}
