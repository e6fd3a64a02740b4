import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, describe, it } from 'node:test';
import { type DebianDeps, ensureDebian } from './debian.ts';

/** A machine that knows what is installed, and whose apt-get can be told to fail. */
function machine(t: TestContext, installed: string[], options: { uid?: number; broken?: boolean } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'weft-debian-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const commands: string[] = [];
  const deps: DebianDeps = {
    uid: options.uid ?? 0,
    lock: join(folder, 'lock'),
    say: () => {},
    run: async (command, args) => {
      if (command === 'dpkg-query') {
        const wanted = args.slice(3);
        const lines = installed.filter((name) => wanted.includes(name)).map((name) => `${name} installed\n`);
        return { status: lines.length === wanted.length ? 0 : 1, output: lines.join('') };
      }
      commands.push([command, ...args].join(' '));
      if (options.broken) return { status: 100, output: 'E: Unable to locate package' };
      const at = args.indexOf('--no-install-recommends');
      if (at >= 0) installed.push(...args.slice(at + 1));
      return { status: 0, output: '' };
    },
  };
  return { deps, commands };
}

describe('ensureDebian', () => {
  it('asks apt for nothing when all is there', async (t) => {
    const { deps, commands } = machine(t, ['zookeeper', 'haproxy']);
    await ensureDebian(['haproxy', 'zookeeper'], deps);
    assert.deepEqual(commands, []);
  });

  it('updates once and installs what is missing, as root', async (t) => {
    const { deps, commands } = machine(t, ['haproxy']);
    await ensureDebian(['haproxy', 'zookeeper'], deps);
    assert.equal(commands.length, 2);
    assert.match(commands[0] ?? '', /^env DEBIAN_FRONTEND=noninteractive apt-get .* update$/);
    assert.match(commands[1] ?? '', /^env .* install --no-install-recommends zookeeper$/);
  });

  it('goes through sudo without a password for others', async (t) => {
    const { deps, commands } = machine(t, [], { uid: 1000 });
    await ensureDebian(['haproxy'], deps);
    for (const command of commands) assert.match(command, /^sudo -n env /);
  });

  it('installs once when several ask at once', async (t) => {
    const { deps, commands } = machine(t, []);
    await Promise.all([ensureDebian(['haproxy'], deps), ensureDebian(['haproxy'], deps)]);
    assert.equal(commands.length, 2);
  });

  it('fails with the command to run when apt cannot', async (t) => {
    const { deps } = machine(t, [], { broken: true });
    await assert.rejects(ensureDebian(['nosuch'], deps), (error: Error) => {
      assert.match(error.message, /Unable to locate package/);
      assert.match(error.message, /Run: sudo apt-get update && sudo apt-get install --no-install-recommends nosuch/);
      return true;
    });
  });
});
