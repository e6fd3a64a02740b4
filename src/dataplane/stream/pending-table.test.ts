import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NO_ROOM, PendingTable } from './pending-table.ts';

test('gives every waiting item an id of its own and finds it by that alone', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(300)), (operations) => {
      const table = new PendingTable<number>(100);
      const model = new Map<number, number>();
      let next = 0;
      for (const operation of operations) {
        if (operation < 200) {
          const id = table.add(next);
          if (model.size === 100) assert.equal(id, NO_ROOM);
          else {
            assert.ok(id !== NO_ROOM && !model.has(id) && id <= 0xffffffff);
            model.set(id, next);
          }
          next++;
        } else {
          const id = [...model.keys()][operation % (model.size + 1)] ?? 12345;
          assert.equal(table.take(id), model.get(id));
          model.delete(id);
          assert.equal(table.take(id), undefined);
        }
        assert.equal(table.size, model.size);
      }
      assert.deepEqual(new Set(table.takeAll()), new Set(model.values()));
      assert.equal(table.size, 0);
    }),
  );
});

test('a slot that is used again answers to the new id only, also when its count wraps', () => {
  const table = new PendingTable<string>(1);
  const seen = new Set<number>();
  let last = table.add('first');
  for (let i = 0; i < 65_534; i++) {
    assert.ok(!seen.has(last));
    seen.add(last);
    table.take(last);
    const id = table.add('next');
    assert.equal(table.take(last), undefined);
    last = id;
  }
  table.take(last);
  assert.ok(seen.has(table.add('wrapped')));
});

test('holds as many as asked for, up to 65,536', () => {
  const table = new PendingTable<number>(1_000_000);
  for (let i = 0; i < 65_536; i++) assert.notEqual(table.add(i), NO_ROOM);
  assert.equal(table.add(-1), NO_ROOM);
  assert.equal(table.full, true);
});
