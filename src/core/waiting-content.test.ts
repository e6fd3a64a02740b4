import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WaitingContent } from './waiting-content.ts';

test('what was added comes out in order, however it is taken', () => {
  const steps = fc.array(fc.record({ add: fc.nat(3000), take: fc.nat(3000) }), { maxLength: 50 });
  fc.assert(
    fc.property(steps, (plan) => {
      const content = new WaitingContent();
      const source = Buffer.from(Array.from({ length: 3002 }, (_, i) => (i * 7) & 0xff));
      const [added, taken]: [Buffer[], Buffer[]] = [[], []];
      const take = (most: number): void => {
        const { first, start, end } = content;
        const octets = Math.min(most, end - start);
        taken.push(Buffer.from(first.subarray(start, start + octets)));
        content.take(octets);
      };
      for (const step of plan) {
        content.add(source, 1, 1 + step.add);
        added.push(source.subarray(1, 1 + step.add));
        if (content.length > 0) take(step.take);
      }
      const all: Buffer[] = [...taken];
      content.each((bytes, start, end) => all.push(Buffer.from(bytes.subarray(start, end))));
      assert.deepEqual(Buffer.concat(all), Buffer.concat(added));
      while (content.length > 0) take(3000);
      assert.deepEqual(Buffer.concat(taken), Buffer.concat(added));
    }),
  );
});

test('crumbs share a block', () => {
  const content = new WaitingContent();
  for (let i = 0; i < 10_000; i++) content.add(Buffer.of(i), 0, 1);
  let blocks = 0;
  for (; content.length > 0; blocks++) content.take(content.end - content.start);
  assert.equal(blocks, 5);
});
