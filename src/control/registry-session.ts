import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Timer } from '../core/clock.ts';
import { LineReader } from '../registry/embedded/lines.ts';
import { beatOf, CONTENT_TYPE, encode, MAX_CLIENT_LINE, parseClientMessage } from '../registry/embedded/protocol.ts';
import type { ClientMessage, ServerMessage } from '../registry/embedded/protocol.ts';
import { instanceProblems } from '../registry/instances.ts';
import { keyText } from '../registry/registry.ts';
import type { ServiceInstance, ServiceKey } from '../registry/registry.ts';
import type { Logger } from '../telemetry/log.ts';
import type { RegistryStore } from './registry-store.ts';

/** ms that a client gets to read the last of what it was sent. */
const FAREWELL = 1000;

export interface SessionLimits {
  /** Registrations of one session. */
  readonly publications: number;
  /** Watched keys of one session. */
  readonly watches: number;
}

/** What a session needs of its server. */
export interface SessionHost {
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: RegistryStore;
  readonly limits: SessionLimits;
  /** ms of silence after which a session is over. */
  readonly lease: number;
  watch(session: RegistrySession, key: ServiceKey): void;
  unwatch(session: RegistrySession, key: ServiceKey): void;
  /** The finished line that tells all instances of a key. */
  instancesLine(key: ServiceKey): string;
  /** `session` has published everything again: older sessions of its client may go. */
  resumed(session: RegistrySession): void;
  /** Called once. `clean`: the client said that it leaves. */
  ended(session: RegistrySession, clean: boolean): void;
}

/**
 * One client's connection. What is to be pushed is remembered as the set of keys that changed,
 * never as a queue of messages: a slow reader gets the newest state once it reads again, and
 * costs no more than its watches meanwhile.
 */
export class RegistrySession {
  readonly watched = new Map<string, ServiceKey>();
  readonly #host: SessionHost;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #dirty = new Map<string, ServiceKey>();
  readonly #timer: Timer;
  #node = '';
  #client: string | undefined;
  #lastHeard: number;
  #blocked = false;
  #closing = false;
  #over = false;

  constructor(host: SessionHost, request: IncomingMessage, response: ServerResponse) {
    this.#host = host;
    this.#request = request;
    this.#response = response;
    this.#lastHeard = host.clock.now();
    this.#timer = host.clock.every(beatOf(host.lease), () => this.#tick());
    response.writeHead(200, { 'content-type': CONTENT_TYPE, connection: 'close', 'cache-control': 'no-store' });
    response.flushHeaders();
    const reader = new LineReader(MAX_CLIENT_LINE);
    request.on('data', (chunk: Buffer) => this.#read(reader, chunk));
    request.on('end', () => this.end('the client ended the session'));
    request.on('error', () => response.destroy());
    response.on('drain', () => this.#drained());
    response.on('error', () => response.destroy());
    response.on('close', () => this.#finish());
  }

  /** The node's name, for people; empty before it said hello. */
  get node(): string {
    return this.#node;
  }

  /** The same for all sessions of one client; `undefined` before it said hello. */
  get client(): string | undefined {
    return this.#client;
  }

  /** The instances of a watched key are to be told, now or when the reader can take them. */
  touch(key: ServiceKey): void {
    this.#dirty.set(keyText(key), key);
    this.#flush();
  }

  /** Ends the session in good order; its registrations are gone when this returns. */
  end(reason: string): void {
    if (this.#closing || this.#over) return;
    this.#send({ op: 'bye', reason });
    this.#closing = true;
    this.#response.end();
    // What the client may still send is of no interest; read on so that its end is noticed.
    this.#request.resume();
    this.#finish();
    const cut = this.#host.clock.after(FAREWELL, () => this.destroy());
    this.#response.on('close', () => cut.cancel());
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#response.destroy();
  }

  #read(reader: LineReader, chunk: Buffer): void {
    if (this.#closing) return;
    this.#lastHeard = this.#host.clock.now();
    try {
      reader.push(chunk, (line) => {
        if (!this.#closing) this.#handle(parseClientMessage(line));
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message.slice(0, 500) : String(error);
      this.#host.log.warn('registry session refused: bad message', { node: this.#node, reason });
      this.#send({ op: 'refused', id: null, reason });
      this.end('bad message');
    }
  }

  #handle(message: ClientMessage): void {
    if (message.op === 'hello') return this.#hello(message.node, message.client);
    if (this.#client === undefined) throw new Error('the first message must be hello');
    switch (message.op) {
      case 'publish':
        return this.#publish(message);
      case 'unpublish':
        this.#host.store.unpublish(this, message.key, message.address);
        return this.#send({ op: 'ok', id: message.id });
      case 'watch':
        return this.#watch(message.key);
      case 'unwatch':
        this.watched.delete(keyText(message.key));
        this.#dirty.delete(keyText(message.key));
        return this.#host.unwatch(this, message.key);
      case 'resumed':
        return this.#host.resumed(this);
      case 'bye':
        return this.end('as you wish');
      case 'beat':
        return;
    }
  }

  #hello(node: string, client: string): void {
    if (this.#client !== undefined) throw new Error('hello was said before');
    this.#node = node;
    this.#client = client;
    this.#host.log.info('registry session opened', { node });
    this.#send({ op: 'welcome', lease: this.#host.lease, beat: beatOf(this.#host.lease) });
  }

  #publish(message: ClientMessage & { op: 'publish' }): void {
    const { id, instance } = message;
    const reason = this.#refusal(instance);
    if (reason !== undefined) return this.#send({ op: 'refused', id, reason });
    this.#host.store.publish(this, instance);
    this.#send({ op: 'ok', id });
  }

  #refusal(instance: ServiceInstance): string | undefined {
    const { store, limits } = this.#host;
    const problems = instanceProblems(instance);
    if (problems.length > 0) return problems.join('; ');
    const full = store.count(this) >= limits.publications && !store.has(this, instance, instance.address);
    return full ? `a session may hold ${limits.publications} registrations, not more` : undefined;
  }

  #watch(key: ServiceKey): void {
    const text = keyText(key);
    if (this.watched.size >= this.#host.limits.watches && !this.watched.has(text)) {
      const reason = `a session may watch ${this.#host.limits.watches} keys, not more`;
      return this.#send({ op: 'unwatched', key, reason });
    }
    this.watched.set(text, key);
    this.#host.watch(this, key);
    this.touch(key);
  }

  #tick(): void {
    if (this.#host.clock.now() - this.#lastHeard > this.#host.lease) {
      this.#host.log.warn('registry session lost: nothing heard for its lease', { node: this.#node });
      return this.destroy();
    }
    if (!this.#blocked) this.#send({ op: 'beat' });
  }

  #flush(): void {
    for (const [text, key] of this.#dirty) {
      if (this.#blocked || this.#closing) return;
      this.#dirty.delete(text);
      this.#write(this.#host.instancesLine(key));
    }
  }

  #send(message: ServerMessage): void {
    this.#write(encode(message));
  }

  #write(line: string): void {
    if (this.#closing || this.#over) return;
    if (this.#response.write(line)) return;
    // No more requests are taken until the answers to the earlier ones have gone out.
    this.#blocked = true;
    this.#request.pause();
  }

  #drained(): void {
    if (this.#closing) return;
    this.#blocked = false;
    this.#lastHeard = this.#host.clock.now();
    this.#flush();
    if (!this.#blocked) this.#request.resume();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    if (this.#client !== undefined) this.#host.log.info('registry session closed', { node: this.#node });
    this.#host.ended(this, this.#closing);
  }
}
