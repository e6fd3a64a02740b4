import * as v from 'valibot';
import {
  authority,
  bodyText,
  compared,
  editedFields,
  editedName,
  fieldName,
  hostName,
  hostPattern,
  integer,
  method,
  oneNumber,
  parameterName,
  present,
  regex,
  replacement,
  urlPath,
} from './http-leaf.ts';
import { count, duration, flag, leaf, oneOf, splitHint, text } from './leaf.ts';
import { routeRetries } from './failure-schema.ts';
import { metadata } from './record-leaf.ts';
import { fault, limit, mirror } from './route-policy-schema.ts';
import { refuse } from './value.ts';

/** A route of HTTP. What of it goes together is checked in route-check.ts. */

interface PathMatch {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
}

const exactPath = urlPath('The whole path.');

const pathText = leaf<PathMatch>(
  'The whole path.',
  { title: 'path', type: 'string', pattern: '^/[!-~]*$', examples: ['/api'] },
  (value) => {
    const parsed = v.safeParse(exactPath, value);
    if (parsed.success) return { ok: true, value: { exact: parsed.output } };
    const [message, hint] = splitHint(parsed.issues[0].message);
    return refuse(message, hint);
  },
);

const pathObject = v.strictObject({
  exact: v.exactOptional(exactPath),
  prefix: v.exactOptional(urlPath('What the path begins with, in whole segments: /api is in /api/x and not in /apix.')),
  regex: v.exactOptional(regex('What the whole path matches.', '/v[0-9]+/.*')),
});

/** Lazy instead of a union, so that the errors of an object keep their paths. */
const path = v.pipe(
  v.lazy((input): v.GenericSchema<unknown, PathMatch> =>
    typeof input === 'object' && input !== null ? pathObject : pathText,
  ),
  v.description('The path without its query, as it came: nothing in it is decoded or merged.'),
);

const comparisons = {
  exact: v.exactOptional(compared('The whole value.')),
  prefix: v.exactOptional(compared('What the value begins with.')),
  suffix: v.exactOptional(compared('What the value ends with.')),
  regex: v.exactOptional(regex('What the whole value matches.', '[0-9]+')),
  range: v.exactOptional(
    v.pipe(
      v.strictObject({ from: integer('The least number.'), to: integer('The number after the last.') }),
      v.description('The value is a whole number from `from` on and less than `to`.'),
    ),
  ),
  present: v.exactOptional(present('Any value will do.')),
  invert: v.optional(flag('Turns the answer around, also where there is no such value.'), false),
};

const match = v.pipe(
  v.strictObject({
    hosts: v.exactOptional(
      v.pipe(
        v.array(hostPattern('A host.')),
        v.description('Hosts, in any case and at any port; *.example.com is every name below example.com.'),
      ),
    ),
    path: v.exactOptional(path),
    methods: v.exactOptional(
      v.pipe(v.array(method('A method.')), v.description('Methods; CONNECT is refused where no route names it.')),
    ),
    headers: v.exactOptional(
      v.pipe(
        v.array(v.strictObject({ name: fieldName('The field, in any case.', 'x-user'), ...comparisons })),
        v.description('Header fields, each with one comparison; values of fields of one name are joined by ", ".'),
      ),
    ),
    query: v.exactOptional(
      v.pipe(
        v.array(v.strictObject({ name: parameterName('The parameter, decoded.'), ...comparisons })),
        v.description('Query parameters, each with one comparison; the first of a name counts, decoded.'),
      ),
    ),
  }),
  v.description('What a request must be; all that is named must hold. Without this, any request.'),
);

const redirect = v.pipe(
  v.strictObject({
    scheme: v.exactOptional(oneOf('In place of the scheme.', ['http', 'https'])),
    host: v.exactOptional(hostName('In place of the host.')),
    port: v.exactOptional(count('In place of the port.', { min: 1, max: 65535 })),
    path: v.exactOptional(urlPath('In place of the path; the query stays.')),
    prefix: v.exactOptional(urlPath('In place of what `match.path.prefix` matched.')),
    status: v.optional(oneNumber('Status of the response.', [301, 302, 303, 307, 308]), 308),
  }),
  v.description('Answers with another place to ask.'),
);

const respond = v.pipe(
  v.strictObject({
    status: count('Status of the response.', { min: 200, max: 599 }),
    body: v.optional(bodyText('Body; as text/plain in UTF-8 where `headers` name no content-type.'), ''),
    headers: v.optional(editedFields('Header fields.'), {}),
  }),
  v.description('Answers without asking anybody.'),
);

const rewrite = v.pipe(
  v.strictObject({
    host: v.exactOptional(authority('In place of the host and port.')),
    path: v.exactOptional(urlPath('In place of the path; the query stays.')),
    prefix: v.exactOptional(urlPath('In place of what `match.path.prefix` matched.')),
    regex: v.exactOptional(
      v.pipe(
        v.strictObject({
          pattern: regex('What is replaced, each time it is found in the path.', '^/users/([^/]+)'),
          replacement: replacement('With what; $1 or $<name> is a group of the pattern.'),
        }),
        v.description('Replaces parts of the path.'),
      ),
    ),
  }),
  v.description('What the cluster is asked for instead: another host, and one of path, prefix and regex.'),
);

function edits(description: string): v.GenericSchema<unknown, EditsOutput> {
  return v.pipe(
    v.strictObject({
      set: v.optional(editedFields('In place of fields of these names.'), {}),
      add: v.optional(editedFields('Behind those that are there.'), {}),
      remove: v.optional(
        v.pipe(v.array(editedName('A name.')), v.description('Fields of these names are left out.')),
        [],
      ),
    }),
    v.description(description),
  );
}

interface EditsOutput {
  readonly set: Readonly<Record<string, string>>;
  readonly add: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

const subset = metadata('Only endpoints with these metadata.');

export const route = v.strictObject({
  name: v.exactOptional(text('Unique in the listener, for logs and metrics. Default: its place, routes[0].', 'api')),
  match: v.optional(match, {}),
  cluster: v.exactOptional(
    text('Where requests go. One of cluster, clusters, redirect and respond is required.', 'shop'),
  ),
  subset: v.exactOptional(subset),
  clusters: v.exactOptional(
    v.pipe(
      v.array(
        v.strictObject({
          cluster: text('Where requests go.', 'shop'),
          weight: count('Share of the requests, against the others; 0 takes none.', { min: 0, max: 1_000_000 }),
          subset: v.exactOptional(subset),
        }),
      ),
      v.description('Where requests go, each to one of these by chance; also when it is tried again.'),
    ),
  ),
  redirect: v.exactOptional(redirect),
  respond: v.exactOptional(respond),
  rewrite: v.exactOptional(rewrite),
  timeout: v.exactOptional(duration("In place of the cluster's http.timeout.", { min: 1 })),
  retries: v.exactOptional(routeRetries),
  requestHeaders: v.exactOptional(edits('Changes of the request.')),
  responseHeaders: v.exactOptional(edits('Changes of the response.')),
  limit: v.exactOptional(limit),
  fault: v.exactOptional(fault),
  mirror: v.exactOptional(mirror),
});
