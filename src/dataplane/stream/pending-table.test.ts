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

test('however few wait, an id comes again only after 67 million others, and is never 0', () => {
  const table = new PendingTable<string>(1);
  const next = (): number => {
    const id = table.add('a call');
    table.take(id);
    return id;
  };
  const first = next();
  let others = 0;
  for (let id = next(); id !== first; id = next()) {
    if (id === NO_ROOM) assert.fail('no room');
    others++;
  }
  assert.equal(others, 1024 * 65_535 - 1);
});

test('a reply that comes late finds nothing, also when its slot is used again', () => {
  const table = new PendingTable<string>(2000);
  const late = table.add('gave up');
  table.take(late);
  const ids = Array.from({ length: 2000 }, (_, i) => table.add(`call ${i}`));
  assert.ok(ids.some((id) => (id & 0xffff) === (late & 0xffff)));
  assert.equal(table.take(late), undefined);
  assert.equal(table.take(ids[1999]!), 'call 1999');
});

test('holds as many as asked for, up to 65,536', () => {
  const table = new PendingTable<number>(1_000_000);
  for (let i = 0; i < 65_536; i++) assert.notEqual(table.add(i), NO_ROOM);
  assert.equal(table.add(-1), NO_ROOM);
  assert.equal(table.full, true);
});
