/**
 * The wire between a sidecar and the embedded registry: one long-lived `POST /v1/session` per
 * sidecar, whose request body and response body are both streams of JSON lines. The session
 * is the connection: when it ends, so do the registrations made in it. A person can speak it:
 *
 *   curl -sN -T- -X POST -H 'content-type: application/x-ndjson' http://127.0.0.1:34920/v1/session
 *   {"op":"hello","node":"me","client":"any-text"}
 *   {"op":"watch","key":{"service":"com.demo.Echo:1.0","protocol":"bolt","group":""}}
 */
import * as v from 'valibot';
import { MAX_INSTANCE, MAX_NAME } from '../instances.ts';

export const SESSION_PATH = '/v1/session';
/** Also keeps browsers out: a page of another site may not send this type without asking first. */
export const CONTENT_TYPE = 'application/x-ndjson';

/** Longest line to the server, in bytes: no instance that can be published makes one as long. */
export const MAX_CLIENT_LINE = 2 * MAX_INSTANCE;
/** Longest line to a client, in bytes: all instances of one service. */
export const MAX_SERVER_LINE = 64 * 1024 * 1024;

const name = v.pipe(v.string(), v.maxLength(MAX_NAME));
const key = v.strictObject({ service: name, protocol: name, group: name });
const id = v.pipe(v.number(), v.safeInteger());
/** The shape alone: an instance that cannot be is refused by itself, and does not end the session. */
const instance = v.strictObject({
  service: v.string(),
  protocol: v.string(),
  group: v.string(),
  address: v.string(),
  weight: v.number(),
  metadata: v.record(v.string(), v.string()),
});

const clientMessage = v.variant('op', [
  /** First of all. `client` is the same text each time one client comes back. */
  v.strictObject({ op: v.literal('hello'), node: name, client: name }),
  v.strictObject({ op: v.literal('publish'), id, instance }),
  v.strictObject({ op: v.literal('unpublish'), id, key, address: name }),
  v.strictObject({ op: v.literal('watch'), key }),
  v.strictObject({ op: v.literal('unwatch'), key }),
  /** Everything was published again: an older session of the same client can go. */
  v.strictObject({ op: v.literal('resumed') }),
  v.strictObject({ op: v.literal('beat') }),
  /** The last: everything is taken back. */
  v.strictObject({ op: v.literal('bye') }),
]);

/** Fields that are not known here are let through, so that a newer server can say more. */
const serverMessage = v.variant('op', [
  /** `lease`: ms of silence after which either side gives the other up; `beat`: ms between beats. */
  v.object({ op: v.literal('welcome'), lease: v.number(), beat: v.number() }),
  v.object({ op: v.literal('ok'), id }),
  /** `id` is null when the message could not be understood: the session then ends. */
  v.object({ op: v.literal('refused'), id: v.nullable(id), reason: v.string() }),
  /** A watch that the session may not have; nothing will be told of its key. */
  v.object({ op: v.literal('unwatched'), key, reason: v.string() }),
  /** All instances of a key. `settled` is false while the server waits for providers to come back. */
  v.object({ op: v.literal('instances'), key, settled: v.boolean(), instances: v.array(instance) }),
  v.object({ op: v.literal('beat') }),
  v.object({ op: v.literal('bye'), reason: v.string() }),
]);

export type ClientMessage = v.InferOutput<typeof clientMessage>;
export type ServerMessage = v.InferOutput<typeof serverMessage>;

/** Throws an Error that says what is wrong with the line. */
export function parseClientMessage(line: string): ClientMessage {
  return parse(clientMessage, line);
}

/** Throws an Error that says what is wrong with the line. */
export function parseServerMessage(line: string): ServerMessage {
  return parse(serverMessage, line);
}

function parse<T>(schema: v.GenericSchema<unknown, T>, line: string): T {
  const result = v.safeParse(schema, JSON.parse(line));
  if (result.success) return result.output;
  throw new Error(result.issues.map((issue) => `${v.getDotPath(issue) ?? 'message'}: ${issue.message}`).join('; '));
}

/** One line, with its line end. */
export function encode(message: ClientMessage | ServerMessage): string {
  return `${JSON.stringify(message)}\n`;
}

/** ms between beats: a third of the lease, so two may get lost. */
export function beatOf(lease: number): number {
  return Math.max(1, Math.floor(lease / 3));
}
