import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NetContext, SLAB_BYTES } from './net-context.ts';
import { Output } from './output.ts';

function write(output: Output, text: string): void {
  const at = output.reserve(text.length);
  output.target.write(text, at, 'latin1');
}

function taken(buffers: readonly Buffer[]): string {
  return Buffer.concat(buffers).toString('latin1');
}

test('what is small leaves as one, in its order', () => {
  const output = new Output(new NetContext());
  for (const text of ['a', 'bc', '', 'def']) write(output, text);
  assert.equal(output.length, 6);
  const buffers = output.take(1 << 20);
  assert.deepEqual([buffers.length, taken(buffers), output.length], [1, 'abcdef', 0]);
  output.release();
});

test('slabs are lent again once what was in them has been released, not before', () => {
  const context = new NetContext();
  const output = new Output(context);
  write(output, 'first');
  const first = output.take(1 << 20);
  write(output, 'second');
  assert.equal(taken(first), 'first');
  output.release();
  const slab = context.takeSlab();
  assert.equal(slab.buffer, first[0]!.buffer);
  context.giveSlab(slab);
  const second = output.take(1 << 20);
  write(output, 'third!');
  assert.equal(taken(second), 'second');
  output.clear();
  assert.equal(output.length, 0);
});

test('what does not fit into a slab has a buffer of its own, which is not lent to others', () => {
  const context = new NetContext();
  const output = new Output(context);
  const large = 'x'.repeat(SLAB_BYTES + 1);
  write(output, 'before');
  write(output, large);
  write(output, 'behind');
  assert.equal(taken(output.take(1 << 20)), `before${large}behind`);
  output.release();
  for (let i = 0; i < 10; i++) assert.equal(context.takeSlab().length, SLAB_BYTES);
});

test('of very much about as much as is asked for is taken at a time', () => {
  const output = new Output(new NetContext());
  write(output, 'x'.repeat(10 * SLAB_BYTES));
  write(output, 'y');
  let all = '';
  for (let times = 0; output.length > 0; times++) {
    const before = output.length;
    const text = taken(output.take(2 * SLAB_BYTES));
    assert.ok(text.length <= 3 * SLAB_BYTES);
    assert.equal(output.length, before - text.length);
    output.release();
    all += text;
    assert.ok(times < 20);
  }
  assert.equal(all, `${'x'.repeat(10 * SLAB_BYTES)}y`);
});

test('nothing is lost or mixed up, however much is written and taken', () => {
  const step = fc.oneof(
    fc.nat(3 * SLAB_BYTES).map((length) => ({ length, about: -1 })),
    fc.nat(40).map((length) => ({ length, about: -1 })),
    fc.nat(4 * SLAB_BYTES).map((about) => ({ length: -1, about })),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const [a, b] = [new NetContext(), new NetContext()].map((context) => new Output(context)) as [Output, Output];
      let [wanted, got] = ['', ''];
      for (const [i, { length, about }] of steps.entries()) {
        if (about < 0) {
          const text = String.fromCharCode(33 + (i % 90)).repeat(length);
          wanted += text;
          write(a, text);
          // Another connection writes into its own slabs meanwhile.
          write(b, '#'.repeat(length));
        } else {
          got += taken(a.take(about + 1));
          a.release();
        }
      }
      got += taken(a.take(Number.POSITIVE_INFINITY));
      assert.ok(got === wanted);
      assert.equal(a.length, 0);
      a.clear();
      b.clear();
    }),
    { numRuns: 50 },
  );
});
