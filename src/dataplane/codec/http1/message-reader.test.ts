import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HttpRefusal } from '../../message/http-refusal.ts';
import { requestFraming, responseFraming } from './framing.ts';
import type { Http1Head } from './head.ts';
import { MessageReader, type MessageSink } from './message-reader.ts';

const LIMITS = { maxHead: 4096, maxFields: 20, maxTrailers: 256 };

/** Remembers what it is told; content that comes in parts as one. */
class Log implements MessageSink {
  readonly events: string[] = [];
  reader!: MessageReader;
  /** Goes on to the next message at once. */
  eager = true;
  onEvent: (event: string) => void = () => {};
  readonly #requests: boolean;

  constructor(requests: boolean) {
    this.#requests = requests;
  }

  onHead(head: Http1Head): number {
    const start = this.#requests ? `${head.method} ${head.target}` : String(head.status);
    const names = Array.from({ length: head.count }, (_, field) => `${head.name(field)}=${head.value(field)}`);
    this.#tell(`head ${start} ${names.join(' ')}`);
    return this.#requests ? requestFraming(head) : responseFraming(head, { head: false, connect: false });
  }
  onData(bytes: Buffer, start: number, end: number): void {
    const text = bytes.toString('latin1', start, end);
    const last = this.events.length - 1;
    if (this.events[last]?.startsWith('data ') === true) this.events[last] += text;
    else this.events.push(`data ${text}`);
    this.onEvent('data');
  }
  onTrailer(name: string, value: string): void {
    this.#tell(`trailer ${name}=${value}`);
  }
  onMessageEnd(): void {
    this.#tell('end');
    if (this.eager) this.reader.next();
  }

  #tell(event: string): void {
    this.events.push(event);
    this.onEvent(event);
  }
}

function open(kind: 'request' | 'response' = 'request'): Log {
  const log = new Log(kind === 'request');
  log.reader = new MessageReader(kind, LIMITS, log);
  return log;
}

function give(log: Log, text: string): void {
  const bytes = Buffer.from(text, 'latin1');
  log.reader.read(bytes, bytes.length);
  // What was given is not there any more once it has been read.
  bytes.fill('#');
}

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const POST = 'POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED =
  'POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n';
const THREE = [
  'head GET /a Host=h',
  'end',
  'head POST /b Host=h Content-Length=5',
  'data hello',
  'end',
  'head POST /c Host=h Transfer-Encoding=chunked',
  'data abc0123456789',
  'trailer X-T=1',
  'end',
];

test('messages one behind the other are read whole, cut once at each octet', () => {
  const all = GET + POST + CHUNKED;
  for (let cut = 0; cut <= all.length; cut++) {
    const log = open();
    give(log, all.slice(0, cut));
    give(log, all.slice(cut));
    assert.deepEqual(log.events, THREE, `cut at ${cut}`);
  }
});

test('and cut anywhere, however often', () => {
  const all = GET + POST + CHUNKED + GET;
  fc.assert(
    fc.property(fc.array(fc.nat(all.length), { maxLength: 20 }), (cuts) => {
      const log = open();
      let from = 0;
      for (const cut of [...cuts.sort((a, b) => a - b), all.length]) {
        give(log, all.slice(from, cut));
        from = cut;
      }
      assert.deepEqual(log.events, [...THREE, 'head GET /a Host=h', 'end']);
    }),
    { numRuns: 200 },
  );
});

test('what follows a message waits until it is asked for', () => {
  const log = open();
  log.eager = false;
  give(log, GET + POST.slice(0, 10));
  assert.deepEqual(log.events, THREE.slice(0, 2));
  assert.equal(log.reader.waiting, 10);
  give(log, POST.slice(10) + CHUNKED);
  assert.equal(log.events.length, 2);
  log.reader.next();
  assert.deepEqual(log.events, THREE.slice(0, 5));
  log.reader.next();
  assert.deepEqual(log.events, THREE);
  log.reader.next();
  assert.equal(log.reader.waiting, 0);
  assert.equal(log.events.length, THREE.length);
});

test('to ask for the next message before the end of this one does nothing', () => {
  const log = open();
  log.onEvent = (event) => {
    if (event !== 'end') log.reader.next();
  };
  give(log, GET + POST + CHUNKED);
  assert.deepEqual(log.events, THREE);
});

test('closed in any of its callbacks, it says nothing more', () => {
  for (let stop = 1; stop <= 10; stop++) {
    const log = open();
    let told = 0;
    log.onEvent = () => {
      if (++told === stop) log.reader.close();
    };
    give(log, GET + POST + CHUNKED);
    assert.equal(told, stop, `closed at ${stop}`);
    give(log, GET);
    assert.equal(told, stop);
  }
});

test('a tunnel that is opened with the head passes on all that follows', () => {
  for (const cut of [0, 4]) {
    const log = open();
    log.onEvent = (event) => {
      if (event.startsWith('head')) log.reader.tunnel();
    };
    give(log, `${GET}octets`.slice(0, GET.length + cut));
    give(log, `octets${GET}`.slice(cut));
    assert.deepEqual(log.events, [THREE[0], `data octets${GET}`]);
    assert.equal(log.reader.endsWithConnection, true);
  }
});

test('and one that is opened later, what has waited', () => {
  const log = open();
  log.eager = false;
  give(log, `${GET}early`);
  log.reader.tunnel();
  give(log, ' late');
  assert.deepEqual(log.events, [...THREE.slice(0, 2), 'data early late']);
});

test('it tells a head that is not complete, a body, and where the end of the connection is an end', () => {
  const log = open('response');
  const states = (): unknown[] => [log.reader.incompleteHead, log.reader.inBody, log.reader.endsWithConnection];
  assert.deepEqual(states(), [0, false, false]);
  give(log, 'HTTP/1.1 200');
  assert.deepEqual(states(), [12, false, false]);
  give(log, ' OK\r\nContent-Length: 2\r\n\r\n');
  assert.deepEqual(states(), [0, true, false]);
  give(log, 'ok');
  assert.deepEqual(states(), [0, false, false]);
  give(log, 'HTTP/1.1 200 OK\r\n\r\nthe rest');
  assert.deepEqual(states(), [0, true, true]);
});

test('what is malformed is refused, in whatever parts it comes', () => {
  const all = 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n';
  for (let cut = 0; cut < all.length; cut++) {
    const log = open();
    assert.throws(() => {
      give(log, all.slice(0, cut));
      give(log, all.slice(cut));
    }, HttpRefusal);
    assert.equal(log.events.at(-1), 'data abc');
  }
});

test('a head that trickles in costs no more the longer it is', () => {
  const octets = 64 << 10;
  const log = new Log(true);
  log.reader = new MessageReader('request', { ...LIMITS, maxHead: octets + 100 }, log);
  give(log, 'GET / HTTP/1.1\r\nX: ');
  const piece = Buffer.from('x');
  let copied = 0;
  const { copy } = Buffer.prototype;
  Buffer.prototype.copy = function counted(this: Buffer, ...args: Parameters<typeof copy>): number {
    const count = copy.apply(this, args);
    copied += count;
    return count;
  };
  try {
    for (let i = 0; i < octets; i++) log.reader.read(piece, 1);
  } finally {
    Buffer.prototype.copy = copy;
  }
  assert.ok(copied < 4 * octets, `${copied} octets copied for ${octets}`);
  give(log, '\r\nHost: h\r\n\r\n');
  assert.equal(log.events.length, 2);
});
