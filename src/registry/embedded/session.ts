import { request } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { formatAddress } from '../../config/address.ts';
import type { HostPort } from '../../config/address.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import { inWords } from '../../core/connect-trouble.ts';
import { LineReader } from './lines.ts';
import { CONTENT_TYPE, encode, MAX_SERVER_LINE, parseServerMessage, SESSION_PATH } from './protocol.ts';
import type { ClientMessage, ServerMessage } from './protocol.ts';

/** ms for a server to take a connection and say welcome. */
const WELCOME_TIMEOUT = 5000;
/** ms for a server to answer a farewell. */
const FAREWELL_TIMEOUT = 1000;

export interface SessionOptions {
  readonly address: HostPort;
  readonly node: string;
  readonly client: string;
  readonly clock: Clock;
}

export interface SessionEvents {
  /** The server has taken the session: requests may be sent. */
  welcome(): void;
  message(message: ServerMessage): void;
  /** Called once, at the end; nothing is called after it. */
  closed(reason: string): void;
}

/** One connection to the embedded registry, from dialling to its end. It never dials again. */
export class Session {
  readonly #clock: Clock;
  readonly #events: SessionEvents;
  readonly #request: ClientRequest;
  readonly #reader = new LineReader(MAX_SERVER_LINE);
  readonly #ended = Promise.withResolvers<void>();
  #timer: Timer;
  #lastHeard = 0;
  #welcomed = false;
  #over = false;

  constructor(options: SessionOptions, events: SessionEvents) {
    const { address, clock, node, client } = options;
    this.#clock = clock;
    this.#events = events;
    this.#request = request({
      host: address.host,
      port: address.port,
      method: 'POST',
      path: SESSION_PATH,
      headers: { 'content-type': CONTENT_TYPE, host: formatAddress(address) },
      agent: false,
    });
    this.#timer = clock.after(WELCOME_TIMEOUT, () => this.destroy(`no welcome within ${WELCOME_TIMEOUT} ms`));
    this.#request.on('response', (response) => this.#respond(response));
    this.#request.on('error', (error) => this.destroy(inWords(error)));
    this.#request.on('close', () => this.destroy('the connection closed'));
    this.send({ op: 'hello', node, client });
  }

  send(message: ClientMessage): void {
    if (!this.#over) this.#request.write(encode(message));
  }

  /** Takes leave: the server drops all registrations. Resolves when it has, or after a second. */
  close(): Promise<void> {
    this.send({ op: 'bye' });
    this.#request.end();
    this.#timer.cancel();
    this.#timer = this.#clock.after(FAREWELL_TIMEOUT, () => this.destroy('closed'));
    return this.#ended.promise;
  }

  /** Cuts the connection. */
  destroy(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    this.#request.destroy();
    this.#ended.resolve();
    this.#events.closed(reason);
  }

  #respond(response: IncomingMessage): void {
    response.on('error', (error) => this.destroy(inWords(error)));
    response.on('close', () => this.destroy('the registry ended the session'));
    if (response.statusCode !== 200) return this.destroy(`the registry answered HTTP ${response.statusCode}`);
    response.on('data', (chunk: Buffer) => {
      if (this.#over) return;
      this.#lastHeard = this.#clock.now();
      try {
        this.#reader.push(chunk, (line) => this.#handle(parseServerMessage(line)));
      } catch (error) {
        this.destroy(`bad message from the registry: ${String(error).slice(0, 500)}`);
      }
    });
  }

  #handle(message: ServerMessage): void {
    if (this.#over) return;
    if (message.op === 'welcome') return this.#welcome(message.lease, message.beat);
    if (message.op === 'bye') return this.destroy(`the registry said goodbye: ${message.reason.slice(0, 200)}`);
    if (message.op === 'refused' && message.id === null) {
      return this.destroy(`the registry refused a message: ${message.reason.slice(0, 200)}`);
    }
    if (message.op !== 'beat') this.#events.message(message);
  }

  #welcome(lease: number, beat: number): void {
    if (this.#welcomed) return;
    this.#welcomed = true;
    this.#timer.cancel();
    this.#timer = this.#clock.every(Math.max(1, beat), () => {
      if (this.#clock.now() - this.#lastHeard > lease) return this.destroy(`nothing heard for ${lease} ms`);
      this.send({ op: 'beat' });
    });
    this.#events.welcome();
  }
}
