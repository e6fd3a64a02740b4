import * as v from 'valibot';
import { fieldName, present } from './http-leaf.ts';
import { count, duration, leaf, splitHint, text } from './leaf.ts';
import { metadata } from './record-leaf.ts';
import { accept, refuse, show } from './value.ts';

/** The part of a route that is about what happens on the way to its cluster. What of it goes together is checked in route-policy-check.ts. */

/** By this field callers ask for a fault where a route names no other. */
const FAULT_FIELD = 'weft-fault';

/** A share of requests; fractions count. */
function percent(description: string): v.GenericSchema<unknown, number> {
  const facts = { title: 'percent', type: 'number', minimum: 0, maximum: 100, examples: [0.1, 25] };
  return leaf(description, facts, (value) => {
    if (typeof value !== 'number') return refuse(`expected a number from 0 to 100, found ${show(value)}`);
    if (value >= 0 && value <= 100) return accept(value);
    return refuse(`${value} is out of range`, 'write a number from 0 to 100, such as 0.1 or 25');
  });
}

const anyField = fieldName('A field.', FAULT_FIELD);

const askedBy = leaf<string>(
  `Lets callers ask for a fault by a field of their requests: of this name, or with true by ${FAULT_FIELD}.`,
  { title: 'true or name', type: ['boolean', 'string'], examples: [true, 'x-fault'] },
  (value) => {
    if (value === true) return accept(FAULT_FIELD);
    if (value === false) return refuse('callers may ask for no fault unless they are let', 'remove header');
    const parsed = v.safeParse(anyField, value);
    return parsed.success ? accept(parsed.output) : refuse(...splitHint(parsed.issues[0].message));
  },
);

export const limit = v.pipe(
  v.strictObject({
    requests: count('How many requests.', { min: 1, max: 1_000_000_000 }),
    per: v.optional(duration('In which time.', { min: 1 }), '1s'),
    burst: v.exactOptional(
      count('How many at once after a quiet time. Default: as many as requests.', { min: 1, max: 1_000_000_000 }),
    ),
    by: v.exactOptional(
      v.pipe(
        v.array(
          v.strictObject({
            header: v.exactOptional(fieldName('A header.', 'x-user')),
            cookie: v.exactOptional(text('A cookie.', 'session')),
            query: v.exactOptional(text('A parameter of the query.', 'user')),
            source: v.exactOptional(present("The caller's address.")),
          }),
        ),
        v.description(
          'Counts by what requests say: of these the first that a request has. Those that have none count together.',
        ),
      ),
    ),
  }),
  v.description('How many requests this proxy lets through; the others are answered at once with 429, gRPC with 8.'),
);

export const mirror = v.pipe(
  v.strictObject({
    cluster: text('Where the copies go.', 'shop-next'),
    subset: v.exactOptional(metadata('Only endpoints with these metadata.')),
    percent: v.optional(percent('Of how many requests.'), 100),
  }),
  v.description('Copies of the requests go to another cluster as well; what comes of them is dropped.'),
);

export const fault = v.pipe(
  v.strictObject({
    delay: v.exactOptional(
      v.pipe(
        v.strictObject({
          duration: duration('How long.', { min: 1 }),
          percent: v.optional(percent('Of how many requests.'), 100),
        }),
        v.description('Requests are held before they go to the cluster; that is part of the time which they may take.'),
      ),
    ),
    abort: v.exactOptional(
      v.pipe(
        v.strictObject({
          status: v.exactOptional(count('The status of HTTP. Without it 503.', { min: 400, max: 599 })),
          grpc: v.exactOptional(count('The code of gRPC. Without it, what `status` means there.', { min: 1, max: 16 })),
          percent: v.optional(percent('Of how many requests.'), 100),
        }),
        v.description('Requests are answered in the stead of the cluster, after the delay where they have one.'),
      ),
    ),
    header: v.exactOptional(askedBy),
  }),
  v.description('What goes wrong on purpose, to see how callers bear it.'),
);
