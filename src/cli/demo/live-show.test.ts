import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveShow } from './live-show.ts';

function createTerminal() {
  const writes: string[] = [];
  const terminal = { columns: 60, rows: 24, write: (text: string) => void writes.push(text) };
  return { terminal, writes };
}

test('a frame is one write that goes back to where the last one began', () => {
  const { terminal, writes } = createTerminal();
  const show = new LiveShow(terminal, false);
  show.starting('registry');
  show.started('registry', 1, 'http://127.0.0.1:1/services');
  assert.equal(writes.length, 3);
  // Title, gap and one part: two lines up from the last.
  assert.ok(writes[2]?.startsWith('\x1b[?2026h\r\x1b[2A Weft'), JSON.stringify(writes[2]));
  assert.ok(writes[2]?.endsWith('127.0.0.1:1/services\x1b[K\x1b[J\x1b[?2026l'), JSON.stringify(writes[2]));
});

test('what has not changed is not drawn again, but after a change of the size it is, on a clear screen', () => {
  const { terminal, writes } = createTerminal();
  const show = new LiveShow(terminal, false);
  show.starting('registry');
  show.started('consumer', 1, '');
  assert.equal(writes.length, 2);
  terminal.columns = 12;
  show.started('consumer', 1, '');
  assert.ok(writes[2]?.startsWith('\x1b[?2026h\x1b[2J\x1b[H Weft  sta…'), JSON.stringify(writes[2]));
});

test('the terminal is left as it was found', () => {
  const { terminal, writes } = createTerminal();
  const show = new LiveShow(terminal, false);
  show.close('bye\n');
  assert.deepEqual(writes, ['\x1b[?25l\x1b[?7l', '\x1b[?7h\x1b[?25hbye\n']);
});
