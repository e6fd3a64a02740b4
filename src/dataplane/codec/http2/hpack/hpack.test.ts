import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WeftError } from '../../../../core/errors.ts';
import { Mark, markField, markName } from '../field-mark.ts';
import { HpackDecoder } from './decoder.ts';
import { HpackEncoder } from './encoder.ts';
import { huffmanEncode } from './huffman.ts';

type Field = readonly [name: string, value: string];

function decode(decoder: HpackDecoder, bytes: Buffer, maxListSize = 65_536): Field[] {
  const fields: Field[] = [];
  decoder.decode(bytes, 0, bytes.length, maxListSize, { onField: (name, value) => void fields.push([name, value]) });
  return fields;
}

function encode(encoder: HpackEncoder, fields: readonly Field[]): Buffer {
  encoder.begin();
  for (const [name, value] of fields) encoder.field(name, value);
  return Buffer.from(encoder.finish());
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

const REQUESTS: readonly (readonly Field[])[] = [
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'www.example.com'],
    ['cache-control', 'no-cache'],
  ],
  [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/index.html'],
    [':authority', 'www.example.com'],
    ['custom-key', 'custom-value'],
  ],
];

/** RFC 7541, appendix C.3 (plain) and C.4 (Huffman). */
const REQUEST_BLOCKS = {
  plain: [
    '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
    '8286 84be 5808 6e6f 2d63 6163 6865',
    '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
  ],
  huffman: [
    '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
    '8286 84be 5886 a8eb 1064 9cbf',
    '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
  ],
};

test('reads the requests of RFC 7541, C.3 and C.4, and writes those of C.4', () => {
  for (const blocks of Object.values(REQUEST_BLOCKS)) {
    const decoder = new HpackDecoder();
    assert.deepEqual(
      blocks.map((block) => decode(decoder, hex(block))),
      REQUESTS,
    );
  }
  const encoder = new HpackEncoder();
  assert.deepEqual(
    REQUESTS.map((fields) => encode(encoder, fields).toString('hex')),
    REQUEST_BLOCKS.huffman.map((block) => hex(block).toString('hex')),
  );
});

/** RFC 7541, appendix C.6: a table of 256 octets, from which entries are evicted. */
const RESPONSE_BLOCKS = [
  '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
  '4883 640e ffc1 c0bf',
  '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
];

test('reads the responses of RFC 7541, C.6, with evictions', () => {
  const decoder = new HpackDecoder(256);
  const [first, second, third] = RESPONSE_BLOCKS.map((block) => decode(decoder, hex(block)));
  const date = 'Mon, 21 Oct 2013 20:13:21 GMT';
  const common = [
    ['cache-control', 'private'],
    ['date', date],
    ['location', 'https://www.example.com'],
  ];
  assert.deepEqual(first, [[':status', '302'], ...common]);
  assert.deepEqual(second, [[':status', '307'], ...common]);
  assert.deepEqual(third, [
    [':status', '200'],
    ['cache-control', 'private'],
    ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'],
    ['location', 'https://www.example.com'],
    ['content-encoding', 'gzip'],
    ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'],
  ]);
});

const octets = (max: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength: max }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const anyField = fc.tuple(
  fc.oneof(fc.constantFrom(':path', 'cookie', 'content-type', 'a', 'authorization'), octets(40)),
  fc.oneof(fc.constantFrom('', '1', 'text/plain'), octets(300)),
);
const anyBlocks = fc.array(
  fc.record({ fields: fc.array(anyField, { maxLength: 20 }), tableSize: fc.option(fc.nat(5000)) }),
  { maxLength: 12 },
);

test('what is written is read, over many blocks and changes of the table', () => {
  fc.assert(
    fc.property(anyBlocks, fc.constantFrom(0, 50, 256, 4096), (blocks, first) => {
      // The limit of a decoder is what it announced; it always announces 5000 here.
      const decoder = new HpackDecoder(5000);
      const encoder = new HpackEncoder(first);
      for (const { fields, tableSize } of blocks) {
        if (tableSize !== null) encoder.setPeerTableSize(tableSize);
        assert.deepEqual(decode(decoder, encode(encoder, fields)), fields);
      }
    }),
  );
});

test('arbitrary octets are read or refused, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
      const decoder = new HpackDecoder();
      for (const block of blocks) {
        try {
          decode(decoder, Buffer.from(block));
        } catch (error) {
          assert.ok(error instanceof WeftError && error.code === 'compression', String(error));
          return;
        }
      }
    }),
  );
});

test('what RFC 7541 calls an error is one', () => {
  const cases: Readonly<Record<string, string>> = {
    'index 0 (6.1)': '80',
    'an index beyond the table (2.3.3)': 'be',
    'a name index beyond the table (2.3.3)': '7f00',
    'an integer without end (5.1)': 'ffffffffffffffffffff',
    'an integer of more than 32 bits (5.1)': 'ff80808080 7f',
    'a string beyond the block (5.2)': '00 05 6162',
    'no value (5.2)': '00 01 61',
    'eight bits of padding (5.2)': '00 82 1fff 00',
    'padding that is not ones (5.2)': '00 81 18 00',
    'EOS in a string (5.2)': '00 84 ffffffff 00',
    'a table size above the limit (6.3)': '3fe2 1f',
    'a table size update behind a field (4.2)': '82 20',
  };
  for (const [what, block] of Object.entries(cases)) {
    assert.throws(() => decode(new HpackDecoder(), hex(block)), { code: 'compression' }, what);
  }
});

test('fields beyond the list size are left out, and the table stays in step', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder();
  const block = encode(encoder, [
    ['a', 'x'.repeat(100)],
    ['b', 'y'],
  ]);
  const fields: Field[] = [];
  const whole = decoder.decode(block, 0, block.length, 100, {
    onField: (name, value) => void fields.push([name, value]),
  });
  assert.equal(whole, false);
  assert.deepEqual(fields, []);
  const again = encode(encoder, [['a', 'x'.repeat(100)]]);
  assert.equal(again.length, 1);
  assert.deepEqual(decode(decoder, again), [['a', 'x'.repeat(100)]]);
});

test('secrets are marked never to be indexed, and what differs each time fills no table', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder();
  const fields: Field[] = [
    ['authorization', 'Bearer abc'],
    ['content-length', '17'],
    ['x', 'y'],
  ];
  const first = encode(encoder, fields);
  const second = encode(encoder, fields);
  const seen: [string, boolean][] = [];
  const sink = {
    onField: (name: string, _: string, mark: number) => void seen.push([name, (mark & Mark.sensitive) !== 0]),
  };
  for (const block of [first, second]) decoder.decode(block, 0, block.length, 4096, sink);
  const marks = [
    ['authorization', true],
    ['content-length', false],
    ['x', false],
  ];
  assert.deepEqual(seen, [...marks, ...marks]);
  // Only x is in the table: it is the newest entry, the others are written out again.
  assert.equal(second.at(-1), 0x80 | 62);
  assert.equal(second.length, first.length - 4);
});

test('values that never come again leave the table to those that do', () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder();
  const lengths: number[] = [];
  for (let i = 0; i < 2000; i++) {
    const fields: Field[] = [
      ['user-agent', 'some client'],
      ['x-trace', `value ${i}`],
      [':path', '/the/same/each/time'],
    ];
    const block = encode(encoder, fields);
    lengths.push(block.length);
    assert.deepEqual(decode(decoder, block), fields);
  }
  // At last: an index for the first and the last, and the name of the other one by its index.
  assert.ok(lengths[1000]! <= 2 + 2 + ' value 1000'.length, String(lengths[1000]));
});

test('a name whose values begin to come again is kept again', () => {
  const encoder = new HpackEncoder();
  for (let i = 0; i < 100; i++) encode(encoder, [['x-trace', `value ${i}`]]);
  for (let i = 0; i < 33; i++) encode(encoder, [['x-trace', 'the same']]);
  assert.equal(encode(encoder, [['x-trace', 'the same']]).length, 1);
});

const fewNames = fc.constantFrom(':path', ':authority', 'te', 'x-a', 'x-b', 'trailers', 'a'.repeat(48), 'a'.repeat(49));
const fewValues = fc.constantFrom('/a', '/b', 'te', 'trailers', 'x-a', ' /a', '', '/'.padEnd(60, 'long'));
const literals = fc.array(fc.tuple(fewNames, fewValues, fc.boolean(), fc.boolean()), { maxLength: 60 });

test('literals that come again are read as at first, whatever else had the same octets', () => {
  fc.assert(
    fc.property(literals, (fields) => {
      const block = Buffer.concat(
        fields.map(([name, value, codedName, codedValue]) =>
          Buffer.concat([Buffer.of(0x10), text(name, codedName), text(value, codedValue)]),
        ),
      );
      const seen: [string, string, number][] = [];
      const onField = (name: string, value: string, mark: number): void => void seen.push([name, value, mark]);
      new HpackDecoder().decode(block, 0, block.length, 1 << 20, { onField });
      assert.deepEqual(
        seen,
        fields.map(([name, value]) => [name, value, markField(markName(name), value) | Mark.sensitive]),
      );
    }),
  );
});

function text(value: string, coded: boolean): Buffer {
  if (!coded) return Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]);
  const target = Buffer.alloc(4 * value.length);
  const length = huffmanEncode(value, target, 0);
  return Buffer.concat([Buffer.of(0x80 | length), target.subarray(0, length)]);
}
