import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, type LogControl, type LogFormat } from './log.ts';

function logged(
  format: LogFormat,
  use: (log: ReturnType<typeof createLogger>) => void,
  control?: LogControl,
): string[] {
  const lines: string[] = [];
  use(createLogger({ control: control ?? { level: 'info' }, format, write: (line) => lines.push(line) }));
  return lines.map((line) => line.replace(/^\S+ /, ''));
}

test('a line for people quotes only what needs it', () => {
  const [line] = logged('text', (log) => log.info('listening', { port: 80, name: 'a b', none: undefined, empty: '' }));
  assert.equal(line, 'info  listening port=80 name="a b" empty=""\n');
});

test('what a peer sent neither begins a line nor steers a terminal', () => {
  const evil = 'x\u001b[2J\u009b31m\u007f\nforged';
  const [line] = logged('text', (log) => log.warn(`refused ${evil}`, { reason: evil }));
  assert.equal(line, 'warn  refused x [2J 31m forged reason="x\\u001b[2J\\u009b31m\\u007f\\nforged"\n');
  assert.doesNotMatch(line.slice(0, -1), /\p{Cc}/u);
});

test('the level may change while running', () => {
  const control: LogControl = { level: 'warn' };
  const lines = logged(
    'text',
    (log) => {
      log.info('not yet');
      assert.equal(log.debugging, false);
      control.level = 'debug';
      log.debug('now');
      assert.equal(log.with({ a: 1 }).debugging, true);
    },
    control,
  );
  assert.deepEqual(lines, ['debug now\n']);
});
