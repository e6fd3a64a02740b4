import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from './command.ts';
import { parseOptions } from './options.ts';

const SPECS = { config: { type: 'string', short: 'c' }, json: { type: 'boolean' } } as const;

test('options and positionals are told apart', () => {
  const { values, positionals } = parseOptions(['a', '-c', 'x.yaml', '--json', 'b', '--', '--c'], SPECS);
  assert.equal(values.config, 'x.yaml');
  assert.equal(values.json, true);
  assert.deepEqual(positionals, ['a', 'b', '--c']);
});

test('what is not given is undefined, and a value may begin with a dash', () => {
  assert.equal(parseOptions([], SPECS).values.config, undefined);
  assert.equal(parseOptions(['--config=-b', '--json', '--json'], SPECS).values.config, '-b');
  assert.equal(parseOptions(['-cb'], SPECS).values.config, 'b');
});

test('wrong options are told with what was meant', () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['--cofnig', 'x'], 'unknown option --cofnig; did you mean --config?'],
    [['--verbose'], 'unknown option --verbose'],
    [['-x'], 'unknown option -x'],
    [['--toString'], 'unknown option --toString'],
    [['--__proto__'], 'unknown option --__proto__'],
    [['--json=yes'], '--json takes no value'],
    [['-c'], '-c needs a value; to give one that begins with a dash, write --config=VALUE'],
    [['-c=-x.yaml'], '-c takes its value without a sign; write --config=-x.yaml'],
    [['-c', 'a', '--config', 'b'], "--config is given twice, with 'a' and 'b'"],
    [['--config', '--json'], '--config needs a value; to give one that begins with a dash, write --config=VALUE'],
    [['--config='], '--config needs a value; to give one that begins with a dash, write --config=VALUE'],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseOptions(args, SPECS), new UsageError(message), args.join(' '));
  }
});
