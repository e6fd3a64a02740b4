import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CliIo } from './command.ts';
import { UsageError } from './command.ts';
import { command } from './control.ts';

const io: CliIo = { stdout: () => {}, stderr: () => {}, env: {}, cwd: '/', isTty: false, columns: 80 };

test('wrong arguments say what to write instead', async () => {
  const cases: [string[], RegExp][] = [
    [['--adress', '127.0.0.1:1'], /did you mean --address/],
    [['127.0.0.1:1'], /the address is --address/],
    [['--address', 'nowhere'], /--address: /],
    [['--address', '127.0.0.1:0', '--log-level', 'loud'], /--log-level is one of debug, info/],
  ];
  for (const [args, message] of cases) {
    await assert.rejects(command.run(args, io), (error) => error instanceof UsageError && message.test(error.message));
  }
});

test('an address that other machines can reach needs a flag', async () => {
  await assert.rejects(command.run(['--address', '0.0.0.0:0'], io), { code: 'registry_remote' });
});

test('help names every option', () => {
  for (const option of ['--address', '--allow-remote', '--log-level', '--log-format']) {
    assert.match(command.help, new RegExp(`^  ${option}\\b`, 'm'));
  }
});
