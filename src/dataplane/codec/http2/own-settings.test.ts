import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnSettings } from './own-settings.ts';
import { Setting } from './protocol.ts';

const LIMITS = {
  maxStreams: 100,
  maxHeaderList: 65_536,
  maxFields: 100,
  streamWindow: 65_535,
  connectionWindow: 65_535,
};

test('own settings: what is raised counts at once, what is lowered once the peer has acknowledged it', () => {
  const own = new OwnSettings(LIMITS);
  own.acknowledged();
  const told = own.adjust({ maxStreams: 10, maxHeaderList: 100_000, maxFields: 5 });
  assert.deepEqual(told, [Setting.maxHeaderListSize, 100_000, Setting.maxConcurrentStreams, 10]);
  assert.deepEqual([own.maxStreams, own.maxHeaderList, own.maxFields], [100, 100_000, 5]);
  own.acknowledged();
  assert.deepEqual([own.maxStreams, own.maxHeaderList], [10, 100_000]);
});

test('own settings: an acknowledgement of earlier ones is none of the last', () => {
  const own = new OwnSettings(LIMITS);
  own.adjust({ ...LIMITS, maxStreams: 10 });
  own.adjust({ ...LIMITS, maxStreams: 20 });
  own.acknowledged();
  own.acknowledged();
  assert.equal(own.maxStreams, 100);
  own.acknowledged();
  assert.equal(own.maxStreams, 20);
  // A peer that says it too often is told nothing by that.
  own.acknowledged();
  own.adjust({ ...LIMITS, maxStreams: 5 });
  assert.equal(own.maxStreams, 20);
  own.acknowledged();
  assert.equal(own.maxStreams, 5);
});

test('own settings: nothing is told that has not changed, nor what HTTP/2 has no word for', () => {
  const own = new OwnSettings(LIMITS);
  assert.equal(own.adjust({ ...LIMITS }), undefined);
  assert.equal(own.adjust({ ...LIMITS, maxFields: 7 }), undefined);
  assert.equal(own.maxFields, 7);
});

test('own settings: a header block has room for the list in any coding', () => {
  const own = new OwnSettings(LIMITS);
  assert.ok(own.maxHeaderBlock >= (65_536 * 8) / 5);
  own.adjust({ ...LIMITS, maxHeaderList: 1 << 20 });
  assert.ok(own.maxHeaderBlock >= ((1 << 20) * 8) / 5);
});
