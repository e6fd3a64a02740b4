/** Bytes that no honest peer sends, over real sockets to a running sidecar: it neither ends, nor grows, nor mixes up others. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame } from '../../src/dataplane/codec/bolt/encode.ts';
import { encodeHeaders } from '../../src/dataplane/codec/bolt/headers.ts';
import { BufferSink } from '../../src/dataplane/message/buffer-sink.ts';
import { freePort } from '../support/children.ts';
import { ECHO, startSidecar } from '../support/mesh.ts';
import { openConsumer, startProvider } from '../support/sofa-node.ts';

const RUNS = Number(process.env['WEFT_FUZZ_RUNS'] ?? 300);
const LIMITS = { maxFrame: '256KiB', maxBuffered: '4MiB', maxPending: 64 };

/** Drops its connection on whatever it is sent, as a real provider does on content that it cannot read. */
const SINK = 'com.demo.Sink:1.0';

function request(id: number, protocol: 1 | 2, checksum: boolean, service = SINK): Buffer {
  const sink = new BufferSink();
  encodeFrame(sink, {
    protocol,
    version: checksum ? 2 : 1,
    switches: checksum ? 1 : 0,
    type: 1,
    command: 1,
    id,
    timeout: 500,
    headers: encodeHeaders([['service', service]]),
    content: Buffer.from('not hessian'),
  });
  return Buffer.from(sink.bytes());
}

/** Inputs that once went wrong or that are near an edge, a line of hex each. */
function corpus(): Buffer[] {
  const lines = readFileSync(new URL('corpus/bolt.txt', import.meta.url), 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => Buffer.from(line, 'hex'));
}

const frames = fc
  .tuple(fc.nat(), fc.constantFrom(1 as const, 2 as const), fc.boolean())
  .map(([id, v, crc]) => request(id, v, crc));
const mutated = fc
  .tuple(frames, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
  .map(([frame, changes]) => {
    const bytes = Buffer.from(frame);
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return bytes;
  });
const input = fc.array(
  fc.oneof(
    frames,
    mutated,
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
  ),
  {
    minLength: 1,
    maxLength: 8,
  },
);

/** Sends `bytes` cut at `cuts`, then ends; resolves when the sidecar has closed its side. */
async function send(port: number, bytes: Buffer, cuts: readonly number[]): Promise<void> {
  const socket: Socket = createConnection({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  socket.resume();
  await once(socket, 'connect');
  let from = 0;
  for (const cut of [...cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    if (socket.writable) socket.write(bytes.subarray(from, cut));
    from = cut;
  }
  socket.end();
  if (!socket.closed) await once(socket, 'close');
}

test('hostile bytes leave the sidecar and its honest callers unharmed', async (t) => {
  const appPort = await freePort();
  const sink = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.destroy())).listen(
    0,
    '127.0.0.1',
  );
  await once(sink, 'listening');
  t.after(() => sink.close());
  const sinkPort = (sink.address() as AddressInfo).port;
  await startProvider(t, 'a', appPort);
  const sidecar = await startSidecar(t, {
    name: 's',
    limits: LIMITS,
    clusters: [
      { name: ECHO, endpoints: [`127.0.0.1:${appPort}`] },
      { name: SINK, endpoints: [`127.0.0.1:${sinkPort}`] },
    ],
  });
  const port = sidecar.ports.egress;
  const honest = await openConsumer(t, port);
  for (const bytes of corpus()) {
    await send(port, bytes, []);
    assert.equal(await honest.echo('still here'), 'still here');
  }
  const metric = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(await sidecar.metrics())?.[1]);
  const half = Math.ceil(RUNS / 2);
  let sent = 0;
  let before = 0;
  await fc.assert(
    fc.asyncProperty(input, fc.array(fc.nat(), { maxLength: 6 }), async (parts, cuts) => {
      await send(port, Buffer.concat(parts), cuts);
      assert.equal(await honest.echo(`call ${sent}`), `call ${sent}`);
      if (++sent === half) before = await metric('process_resident_memory_bytes');
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  assert.equal(await metric('weft_buffered_bytes'), 0);
  assert.equal(await metric('weft_downstream_connections'), 1);
  const grown = (await metric('process_resident_memory_bytes')) - before;
  assert.ok(grown < 24 << 20, `grew by ${grown} bytes in the second half`);
  assert.ok(sidecar.child.running());
});

test('a valid request cut at every byte is answered', async (t) => {
  const sidecar = await startSidecar(t, { name: 's' });
  for (const frame of [request(7, 1, false), request(7, 2, true)]) {
    for (let cut = 1; cut < frame.length; cut++) {
      const socket = createConnection({ port: sidecar.ports.egress, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      socket.write(frame.subarray(0, cut), () => setImmediate(() => socket.write(frame.subarray(cut))));
      const [reply] = (await once(socket, 'data')) as [Buffer];
      assert.equal(reply[0], frame[0]);
      assert.equal(reply.readUInt32BE(frame[0] === 1 ? 5 : 6), 7);
      assert.equal(reply.readUInt16BE(frame[0] === 1 ? 10 : 12), 6, 'no such service');
      socket.destroy();
    }
  }
});
