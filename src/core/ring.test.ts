import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ring } from './ring.ts';

test('behaves as an array used as a queue', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (operations) => {
      const ring = new Ring<number>();
      const model: number[] = [];
      for (const operation of operations) {
        if (operation === undefined) assert.equal(ring.shift(), model.shift());
        else {
          ring.push(operation);
          model.push(operation);
        }
        assert.equal(ring.length, model.length);
        assert.equal(ring.peek(), model[0]);
      }
    }),
  );
});
