import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError, type Command } from './command.ts';
import { COMMANDS, main, type CommandEntry } from './main.ts';
import { createTestIo } from './test-io.ts';

function entry(name: string, run: Command['run']): CommandEntry {
  const command: Command = { name, summary: `Do ${name}`, help: `Usage: weft ${name}\n`, run };
  return { name, summary: command.summary, load: async () => ({ command }) };
}

const TABLE: readonly CommandEntry[] = [
  entry('echo', async (args, io) => {
    io.stdout(args.join(' '));
    return 0;
  }),
  entry('refuse', async () => {
    throw new UsageError('name a FILE');
  }),
  entry('fail', async () => {
    throw new Error('the disk is full');
  }),
];

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const io = createTestIo();
  const code = await main(args, io, TABLE);
  return { code, out: io.out(), err: io.err() };
}

test('a command gets its arguments and gives the exit code', async () => {
  assert.deepEqual(await run('echo', 'a', '--b'), { code: 0, out: 'a --b', err: '' });
  assert.deepEqual(await run('echo', '--', '--help'), { code: 0, out: '-- --help', err: '' });
});

test('help is found in each of its places', async () => {
  for (const args of [['--help'], ['-h'], ['help']]) {
    const { code, out } = await run(...args);
    assert.equal(code, 0);
    assert.match(out, /^ {2}echo {4}Do echo$/m);
  }
  for (const args of [
    ['help', 'echo'],
    ['--help', 'echo'],
    ['echo', '--help'],
    ['echo', 'x', '-h'],
  ]) {
    assert.deepEqual(await run(...args), { code: 0, out: 'Usage: weft echo\n', err: '' }, args.join(' '));
  }
});

test('the version is that of the package', async () => {
  for (const word of ['--version', '-V', 'version']) {
    assert.match((await run(word)).out, /^weft \d+\.\d+\.\d+\n$/);
  }
});

test('usage errors exit with 2 and say what to do', async () => {
  const none = await run();
  assert.equal(none.code, 2);
  assert.match(none.err, /Usage: weft COMMAND/);
  const cases: readonly (readonly [string[], string])[] = [
    [['ecko'], "weft: unknown command 'ecko'; did you mean echo?\nSee weft --help.\n"],
    [['help', 'ecko'], "weft: unknown command 'ecko'; did you mean echo?\nSee weft --help.\n"],
    [['versoin'], "weft: unknown command 'versoin'; did you mean version?\nSee weft --help.\n"],
    [['zzz'], "weft: unknown command 'zzz'; the commands are echo, refuse, fail\nSee weft --help.\n"],
    [['--bogus'], 'weft: unknown option --bogus\nSee weft --help.\n'],
    [['refuse'], 'weft: refuse: name a FILE\nSee weft refuse --help.\n'],
  ];
  for (const [args, err] of cases) assert.deepEqual(await run(...args), { code: 2, out: '', err });
});

test('a failure exits with 1, without a stack unless it is asked for', async () => {
  assert.deepEqual(await run('fail'), { code: 1, out: '', err: 'weft fail: the disk is full\n' });
  const io = createTestIo({ env: { WEFT_DEBUG: '1' } });
  await main(['fail'], io, TABLE);
  assert.match(io.err(), /main\.test\.ts/);
});

test('the table says what the commands say of themselves', async () => {
  for (const { name, summary, load } of COMMANDS) {
    const { command } = await load();
    assert.equal(command.name, name);
    assert.equal(command.summary, summary);
    assert.match(command.help, new RegExp(`^Usage: weft ${name}\\b`));
    assert.ok(command.help.endsWith('\n'));
  }
});
