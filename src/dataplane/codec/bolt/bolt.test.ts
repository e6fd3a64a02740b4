import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { Budget } from '../../../core/budget.ts';
import { WeftError } from '../../../core/errors.ts';
import { BufferSink } from '../../message/buffer-sink.ts';
import { FrameKind, type FrameView, type RejectReason } from '../../message/frame.ts';
import { boltCodec } from './codec.ts';
import { BoltDecoder } from './decoder.ts';
import { encodeFrame, forwardFrame, shortenTimeout, type FrameFields } from './encode.ts';
import type { BoltFrame } from './frame.ts';
import { decodeHeaders, encodeHeaders, findHeader, NOT_FOUND } from './headers.ts';

// The independent oracle: the protocol package of sofa-rpc-node.
const oracle = createRequire(import.meta.url)('sofa-bolt-node/lib/protocol/index.js') as {
  requestEncode(id: number, request: object, options: object): Buffer;
  responseEncode(id: number, response: object, options: object): Buffer;
  heartbeatEncode(id: number, heartbeat: object, options: object): Buffer;
  decode(
    bytes: Buffer,
    options: object,
  ): {
    packetId: number;
    packetType: string;
    data: { error?: Error; appResponse?: unknown };
    options: Record<string, unknown>;
  };
};

const LIMITS = { maxFrame: 1 << 20, maxHeader: 0xffff };

interface Seen {
  kind: number;
  id: number;
  timeout: number;
  service: string;
  raw: string;
  rejected?: RejectReason;
}

class Recorder {
  readonly seen: Seen[] = [];
  onFrame(frame: FrameView): void {
    const { kind, id, timeout } = frame;
    const service = kind === FrameKind.request || kind === FrameKind.oneway ? frame.service() : '';
    this.seen.push({ kind, id, timeout, service, raw: frame.bytes.toString('hex', frame.start, frame.end) });
  }
  onRejected(frame: FrameView, rejected: RejectReason): void {
    const { kind, id, timeout } = frame;
    this.seen.push({ kind, id, timeout, service: '', raw: '', rejected });
  }
}

function decodeAll(bytes: Buffer, cuts: readonly number[], limits = LIMITS, budget = new Budget(1 << 24)): Seen[] {
  const recorder = new Recorder();
  const decoder = new BoltDecoder(limits, budget, recorder);
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    const chunk = Buffer.from(bytes.subarray(from, cut));
    decoder.push(chunk, chunk.length);
    // The decoder may not rely on a chunk after push has returned.
    chunk.fill(0xee);
    from = cut;
  }
  assert.equal(decoder.buffered, 0);
  assert.equal(budget.used, 0);
  return recorder.seen;
}

function frame(fields: FrameFields): Buffer {
  const sink = new BufferSink();
  encodeFrame(sink, fields);
  return Buffer.from(sink.bytes());
}

const REQUEST = {
  serverSignature: 'com.demo.Echo:1.0',
  methodName: 'echo',
  args: [{ $class: 'java.lang.String', $: 'hello' }],
  timeout: 1234,
};
const VARIANTS = [
  { protocolType: 'bolt', boltVersion: 1, crcEnable: false, codecType: 'hessian2' },
  { protocolType: 'bolt2', boltVersion: 1, crcEnable: false, codecType: 'hessian2' },
  { protocolType: 'bolt2', boltVersion: 2, crcEnable: false, codecType: 'hessian2' },
  { protocolType: 'bolt2', boltVersion: 2, crcEnable: true, codecType: 'hessian2' },
];
const options = (variant: object): object => ({ ...variant, classCache: new Map() });

test('reads the frames that sofa-bolt-node writes, in every version', () => {
  for (const variant of VARIANTS) {
    const bytes = Buffer.concat([
      oracle.requestEncode(7, { ...REQUEST }, options(variant)),
      oracle.requestEncode(8, { ...REQUEST, oneway: true }, options(variant)),
      oracle.responseEncode(9, { appResponse: 'hi', isError: false }, options(variant)),
      oracle.heartbeatEncode(0xfffffff0 | 0, { clientUrl: 'x' }, options(variant)),
    ]);
    const seen = decodeAll(bytes, []);
    assert.deepEqual(
      seen.map(({ kind, id, timeout, service }) => ({ kind, id, timeout, service })),
      [
        { kind: FrameKind.request, id: 7, timeout: 1234, service: 'com.demo.Echo:1.0' },
        { kind: FrameKind.oneway, id: 8, timeout: 1234, service: 'com.demo.Echo:1.0' },
        { kind: FrameKind.reply, id: 9, timeout: 0, service: '' },
        { kind: FrameKind.heartbeat, id: 0xfffffff0, timeout: 3000, service: '' },
      ],
      JSON.stringify(variant),
    );
    assert.equal(seen.map((one) => one.raw).join(''), bytes.toString('hex'));
  }
});

test('a forwarded frame differs in its id only, and sofa-bolt-node accepts its checksum', () => {
  for (const variant of VARIANTS) {
    const bytes = oracle.requestEncode(7, { ...REQUEST }, options(variant));
    const sink = new BufferSink();
    forwardFrame(sink, bytes, 0, bytes.length, 0x01020304);
    const forwarded = Buffer.from(sink.bytes());
    const decoded = oracle.decode(forwarded, { classCache: new Map() });
    assert.equal(decoded.packetId, 0x01020304);
    const again = new BufferSink();
    forwardFrame(again, forwarded, 0, forwarded.length, 7);
    assert.deepEqual(again.bytes(), bytes);
  }
});

test('a timeout is made shorter and never longer, and the checksum is right once it is passed on', () => {
  const dialects = [{ protocol: 1 }, { protocol: 2, version: 1 }, { protocol: 2, version: 2, switches: 1 }] as const;
  for (const dialect of dialects) {
    for (const [timeout, left] of [
      [3000, 700],
      [700, 700],
      [0, 0],
      [-1, -1],
    ] as const) {
      const bytes = frame({ ...dialect, type: 1, command: 1, id: 5, timeout, content: Buffer.from('content') });
      shortenTimeout(bytes, 0, 700);
      const out = new BufferSink();
      forwardFrame(out, bytes, 0, bytes.length, 5);
      const wanted = frame({ ...dialect, type: 1, command: 1, id: 5, timeout: left, content: Buffer.from('content') });
      assert.deepEqual(Buffer.from(out.bytes()), wanted);
    }
  }
});

test('sofa-bolt-node reads a local reply as an error with our reason', () => {
  for (const variant of VARIANTS) {
    for (const message of ['short', 'x'.repeat(31), 'x'.repeat(32), 'y'.repeat(1023), 'z'.repeat(1100)]) {
      const bytes = oracle.requestEncode(7, { ...REQUEST }, options(variant));
      const sink = new BufferSink();
      const sender = new BoltDecoder(LIMITS, new Budget(1 << 20), {
        onFrame: (request) =>
          boltCodec.localReply(sink, 99, request.replyContext, { code: 'overload', message, unsent: true }),
        onRejected: () => assert.fail(),
      });
      sender.push(bytes, bytes.length);
      const reply = oracle.decode(Buffer.from(sink.bytes()), { classCache: new Map(), sentReqs: new Map() });
      assert.equal(reply.packetId, 99);
      assert.equal(reply.packetType, 'response');
      assert.equal(
        reply.data.error?.message,
        `com.alipay.remoting.rpc.exception.RpcServerException: ${message.slice(0, 1023)}`,
      );
      for (const key of ['protocolType', 'boltVersion', 'crcEnable', 'codecType'] as const) {
        if (variant.protocolType === 'bolt' && (key === 'boltVersion' || key === 'crcEnable')) continue;
        assert.equal(reply.options[key], variant[key], key);
      }
      const reader = new BoltDecoder(LIMITS, new Budget(1 << 20), {
        onFrame: (view) => {
          assert.equal((view as BoltFrame).status, 4);
          assert.deepEqual(boltCodec.failureOf(view), { code: 'overload', unsent: true });
        },
        onRejected: () => assert.fail(),
      });
      reader.push(sink.bytes(), sink.bytes().length);
    }
  }
});

const framesOfAllKinds = fc.array(
  fc
    .record({
      protocol: fc.constantFrom(1 as const, 2 as const),
      version: fc.constantFrom(1, 2),
      switches: fc.constantFrom(0, 1),
      type: fc.constantFrom(0, 1, 2),
      command: fc.constantFrom(0, 1, 2, 100, 7),
      id: fc.integer({ min: 0, max: 0xffffffff }),
      className: fc.uint8Array({ maxLength: 40 }),
      content: fc.uint8Array({ maxLength: 200 }),
      pairs: fc.array(fc.tuple(fc.string({ maxLength: 9 }), fc.option(fc.string({ maxLength: 9 }))), { maxLength: 3 }),
    })
    .map(({ pairs, ...fields }) => frame({ ...fields, headers: encodeHeaders(pairs) })),
  { minLength: 1, maxLength: 6 },
);

test('the same frames come out wherever the bytes are cut', () => {
  fc.assert(
    fc.property(framesOfAllKinds, fc.array(fc.nat(3000), { maxLength: 30 }), (frames, positions) => {
      const bytes = Buffer.concat(frames);
      const whole = decodeAll(bytes, []);
      assert.deepEqual(
        whole.map((one) => one.raw),
        frames.map((one) => one.toString('hex')),
      );
      const cuts = positions.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b);
      assert.deepEqual(decodeAll(bytes, cuts), whole);
      assert.deepEqual(decodeAll(bytes, Array.from(bytes.keys()).slice(1)), whole);
    }),
    { numRuns: 60 },
  );
});

test('a frame over the limits is rejected by its head and passed over, wherever it is cut', () => {
  const small = frame({ protocol: 1, type: 1, command: 1, id: 5, content: Buffer.alloc(10) });
  const large = frame({
    protocol: 2,
    version: 2,
    switches: 1,
    type: 1,
    command: 1,
    id: 6,
    timeout: 9,
    content: Buffer.alloc(3000),
  });
  const headers = frame({ protocol: 1, type: 1, command: 1, id: 7, headers: Buffer.alloc(600) });
  const bytes = Buffer.concat([small, large, headers, small]);
  const limits = { maxFrame: 1000, maxHeader: 500 };
  for (let cut = 0; cut < bytes.length; cut += 7) {
    const seen = decodeAll(bytes, [cut, Math.min(cut + 3, bytes.length)], limits);
    assert.deepEqual(
      seen.map(({ id, rejected }) => [id, rejected]),
      [
        [5, undefined],
        [6, 'too_large'],
        [7, 'too_large'],
        [5, undefined],
      ],
      `cut at ${cut}`,
    );
    assert.equal(seen[1]?.timeout, 9);
  }
});

test('without budget a cut frame is rejected and passed over; whole ones go on', () => {
  const large = frame({ protocol: 1, type: 1, command: 1, id: 6, content: Buffer.alloc(30_000) });
  const small = frame({ protocol: 1, type: 1, command: 1, id: 5, content: Buffer.alloc(10) });
  const bytes = Buffer.concat([small, large, small, large]);
  for (const cut of [10, small.length + 30, small.length + 20_000, bytes.length - 5]) {
    const seen = decodeAll(bytes, [cut, cut + 2], LIMITS, new Budget(5000));
    const large2Cut = cut > bytes.length - large.length;
    assert.deepEqual(
      seen.map(({ id, rejected }) => [id, rejected]),
      [
        [5, undefined],
        [6, cut > small.length && !large2Cut ? 'overload' : undefined],
        [5, undefined],
        [6, large2Cut ? 'overload' : undefined],
      ],
      `cut at ${cut}`,
    );
  }
});

test('memory for a cut frame follows the bytes that arrived, not the length it announces', () => {
  const budget = new Budget(1 << 30);
  const decoder = new BoltDecoder({ ...LIMITS, maxFrame: 1 << 29 }, budget, new Recorder());
  const bytes = frame({ protocol: 1, type: 1, command: 1, id: 6 });
  bytes.writeUInt32BE(1 << 28, 18);
  decoder.push(bytes, bytes.length);
  assert.ok(budget.used <= 4096, `${budget.used}`);
  decoder.close();
  assert.equal(budget.used, 0);
});

test('a wrong checksum is told, a flipped bit anywhere in a checked frame never passes', () => {
  const good = frame({
    protocol: 2,
    version: 2,
    switches: 1,
    type: 1,
    command: 1,
    id: 6,
    content: Buffer.from('payload'),
  });
  // From the id on: a flip before it changes what the frame is.
  for (let bit = 6 * 8; bit < good.length * 8; bit++) {
    const bad = Buffer.from(good);
    bad[bit >> 3]! ^= 1 << (bit & 7);
    const recorder = new Recorder();
    const decoder = new BoltDecoder(LIMITS, new Budget(1 << 24), recorder);
    // The one bit that says that there is a checksum: what follows the frame is then out of step.
    if (bit === 11 * 8) assert.throws(() => decoder.push(bad, bad.length), /begins with 1 or 2/);
    else {
      decoder.push(bad, bad.length);
      assert.ok(
        recorder.seen.every((one) => one.rejected !== undefined),
        `bit ${bit}`,
      );
    }
    decoder.close();
  }
});

test('what cannot be a Bolt frame is refused', () => {
  for (const hex of ['00', '03', '474554202f', '0109', '0203010001', '020001000101', '0109000101']) {
    const bytes = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(30)]);
    assert.throws(
      () => decodeAll(bytes, []),
      (error) => error instanceof WeftError && error.code === 'malformed_frame',
      hex,
    );
  }
});

test('arbitrary bytes give frames or malformed_frame, nothing else, and hold no more than they brought', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(0, 1, 2), (tail, first) => {
      const bytes = Buffer.concat([Buffer.from([first]), tail]);
      const budget = new Budget(1 << 24);
      const decoder = new BoltDecoder(LIMITS, budget, {
        onFrame: (view) => {
          try {
            view.service();
          } catch (error) {
            assert.ok(error instanceof WeftError && error.code === 'malformed_frame');
          }
        },
        onRejected: () => {},
      });
      try {
        decoder.push(bytes, bytes.length);
      } catch (error) {
        assert.ok(error instanceof WeftError && error.code === 'malformed_frame');
      }
      assert.ok(decoder.buffered <= bytes.length);
      decoder.close();
      assert.equal(budget.used, 0);
    }),
  );
});

test('header blocks: null values, malformed lengths, the older service key', () => {
  const pairs: [string, string | null][] = [
    ['service', null],
    ['', ''],
    ['é', 'ü'],
    ['sofa_head_target_service', 'a:1.0'],
  ];
  const block = encodeHeaders(pairs);
  assert.deepEqual(decodeHeaders(block, 0, block.length), pairs);
  assert.equal(findHeader(block, 0, block.length, Buffer.from('service')), NOT_FOUND);
  const seen = decodeAll(frame({ protocol: 1, type: 1, command: 1, id: 1, headers: block }), []);
  assert.equal(seen[0]?.service, 'a:1.0');
  for (let length = 1; length < block.length; length++) {
    const whole = [4 + 7 + 4, 4 + 7 + 4 + 8, 4 + 7 + 4 + 8 + 4 + 2 + 4 + 2].includes(length);
    if (whole) continue;
    assert.throws(() => decodeHeaders(block, 0, length), /do not add up/, `cut to ${length}`);
  }
  assert.throws(() => encodeHeaders([['k', 'v'.repeat(0xffff)]]), /65535/);
});
