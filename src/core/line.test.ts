import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Line, type Place } from './line.ts';

test('serves those who have not left, in the order in which they came', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9)), (operations) => {
      const line = new Line<number>();
      let model: number[] = [];
      const places: Place[] = [];
      for (const operation of operations) {
        if (operation < 5) {
          model.push(places.length);
          places.push(line.join(places.length));
        } else if (operation < 8) {
          assert.equal(line.shift(), model.shift());
        } else if (places.length > 0) {
          // Some have been served or have left before: that changes nothing.
          const leaver = (operation * 7) % places.length;
          places[leaver]!.leave();
          model = model.filter((item) => item !== leaver);
        }
        assert.equal(line.length, model.length);
      }
      for (const item of model) assert.equal(line.shift(), item);
      assert.equal(line.shift(), undefined);
    }),
  );
});

test('those who leave while others are served are passed over', () => {
  const line = new Line<string>();
  const [, second] = [line.join('a'), line.join('b'), line.join('c')];
  assert.equal(line.shift(), 'a');
  second.leave();
  second.leave();
  assert.equal(line.shift(), 'c');
  assert.equal(line.length, 0);
});
