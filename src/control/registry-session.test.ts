import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { ManualClock } from '../core/manual-clock.ts';
import { encode } from '../registry/embedded/protocol.ts';
import { silentLogger } from '../telemetry/log.ts';
import { RegistrySession } from './registry-session.ts';
import type { SessionHost } from './registry-session.ts';
import { RegistryStore } from './registry-store.ts';
import { KEY } from './testing/raw-session.ts';

function host(): SessionHost {
  return {
    clock: new ManualClock(),
    log: silentLogger,
    store: new RegistryStore(() => {}),
    limits: { publications: 1, watches: 1 },
    lease: 6000,
    watch() {},
    unwatch() {},
    instancesLine: () => '',
    resumed() {},
    ended() {},
  };
}

test('no more requests are taken than answers go out', async () => {
  const REQUESTS = 2000;
  const LIMIT = 1000;
  const hello = encode({ op: 'hello', node: 'n', client: 'c' });
  const asked = Array.from({ length: REQUESTS }, (_, id) => encode({ op: 'unpublish', id, key: KEY, address: 'none' }));
  const request = Readable.from([hello, ...asked].map((line) => Buffer.from(line)));
  let text = '';
  let longest = 0;
  // A reader that takes one answer in a turn.
  const reader = new Writable({
    highWaterMark: LIMIT,
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      longest = Math.max(longest, reader.writableLength);
      setImmediate(done);
    },
  });
  const response = Object.assign(reader, { writeHead() {}, flushHeaders() {} });
  const session = new RegistrySession(host(), request as IncomingMessage, response as unknown as ServerResponse);
  await once(reader, 'finish');
  assert.equal(session.client, 'c');
  assert.equal(text.match(/"op":"ok"/g)?.length, REQUESTS, 'each is answered');
  assert.ok(longest < LIMIT + 100, `${longest} bytes of answers waited`);
});
