import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Http2Stream } from './stream.ts';
import { StreamTable } from './stream-table.ts';

const stream = (id: number): Http2Stream => ({ id }) as Http2Stream;

test('finds whichever streams are open, however long others last', () => {
  const steps = fc.array(fc.record({ opens: fc.boolean(), which: fc.nat(20) }), { maxLength: 600 });
  fc.assert(
    fc.property(steps, (all) => {
      const table = new StreamTable(true);
      const open = new Map<number, Http2Stream>();
      let next = 1;
      for (const { opens, which } of all) {
        if (opens) {
          const opened = stream(next);
          open.set(next, opened);
          table.add(opened);
          // Numbers may be left out.
          next += which === 0 ? 128 : 2;
        } else {
          const closed = [...open.values()][which];
          if (closed === undefined) continue;
          open.delete(closed.id);
          table.delete(closed);
          table.delete(closed);
        }
        assert.equal(table.size, open.size);
      }
      assert.deepEqual(
        table.all().map(({ id }) => id),
        [...open.keys()],
      );
      for (let id = 1; id < next; id += 2) assert.equal(table.get(id), open.get(id));
    }),
  );
});
