/** docs/two-sidecars.md as its readers have it: each command of the page, with the answer that stands below it. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { freePorts, startChild, type Child, type Owner } from '../support/children.ts';
import { ensureDebian } from '../support/debian.ts';
import { temporaryFolder } from '../support/mesh.ts';

const ROOT = join(import.meta.dirname, '../..');
const CONFIG = 'examples/config';

interface Step {
  readonly command: string;
  /** Lines of the answer; one that ends with `…` is the beginning of one. Undefined where the page shows none. */
  readonly answer: readonly string[] | undefined;
}

/** The commands in the blocks of a page, in their order. */
function stepsOf(page: string): Step[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block);
  // A line that ends with | or \ goes on in the next one.
  const commands = blocks.join('').matchAll(/^(?<command>(?:[^#\n].*[|\\]\n)*[^#\n].*)\n(?<answer>(?:#.*\n)*)/gm);
  return [...commands].map(({ groups }) => {
    const answer = [...groups!['answer']!.matchAll(/^# (.*)$/gm)].map(([, line = '']) => line);
    return { command: groups!['command']!, answer: answer.length === 0 ? undefined : answer };
  });
}

/** The page and its configs, with free ports in place of those that they name. */
async function pageWithFreePorts(owner: Owner): Promise<string> {
  const folder = await temporaryFolder(owner);
  await cp(join(ROOT, CONFIG), folder, { recursive: true });
  const page = await readFile(join(ROOT, 'docs/two-sidecars.md'), 'utf8');
  const named = [...new Set(page.match(/\b(?:12[0-9]{3}|15[0-9]{3}|34[0-9]{3})\b/g))];
  const free = await freePorts(named.length);
  const moved = (text: string): string =>
    text.replace(new RegExp(`\\b(?:${named.join('|')})\\b`, 'g'), (port) => String(free[named.indexOf(port)]));
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.yaml')) continue;
    await writeFile(join(folder, name), moved(await readFile(join(folder, name), 'utf8')));
  }
  return moved(page).replaceAll(`${CONFIG}/`, `${folder}/`);
}

/** Runs a command of the page that ends with `&`, until it says that it is ready. */
function startJob(owner: Owner, command: string): Promise<Child> {
  const ready = command.startsWith('./weft') ? / ready / : / serves /;
  const line = `exec ${command.replace(/ &$/, '')}`;
  return startChild('bash', ['-c', line], { name: command, ready, owner, cwd: ROOT });
}

async function run(command: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('bash', ['-c', command], { cwd: ROOT });
  return stdout.replace(/\n$/, '').split('\n');
}

function fits(line: string, expected: string): boolean {
  return expected.endsWith('…') ? line.startsWith(expected.slice(0, -1)) : line === expected;
}

test('each command of the page does what stands below it, and all that it starts ends in good order', async (t) => {
  await ensureDebian(['curl']);
  const jobs: Child[] = [];
  const steps = stepsOf(await pageWithFreePorts(t));
  for (const { command, answer } of steps) {
    const ended = /^kill( %\d)+$/.test(command) ? command.match(/\d/g) : null;
    if (command.endsWith(' &')) {
      jobs.push(await startJob(t, command));
    } else if (ended !== null) {
      await Promise.all(ended.map((job) => jobs[Number(job) - 1]!.stop()));
    } else {
      const lines = await run(command);
      if (answer === undefined) continue;
      assert.equal(lines.length, answer.length, `${command}\n${lines.join('\n')}`);
      for (const [i, line] of lines.entries()) assert.ok(fits(line, answer[i]!), `${command}\n${line}\n${answer[i]}`);
    }
  }
  assert.equal(steps.filter(({ answer }) => answer !== undefined).length, 10);
  assert.equal(jobs.length, 5);
  for (const job of jobs) assert.equal(job.running(), false, job.name);
  const sidecars = jobs.filter(({ name }) => name.startsWith('./weft'));
  for (const { exit } of sidecars) assert.deepEqual(await exit, { code: 0, signal: null });
});
