import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort, freePorts, startChild, waitUntil } from './children.ts';

const node = process.execPath;
const run = (code: string): string[] => ['-e', code];
const forever = 'setInterval(() => undefined, 1000);';

test('a child is ready when a line of its output says so, on either stream', async (t) => {
  const onOut = await startChild(node, run(`console.log('READY 1'); ${forever}`), {
    name: 'a',
    ready: /^READY (\d)$/,
    owner: t,
  });
  const onErr = await startChild(node, run(`console.error('READY 2'); ${forever}`), {
    name: 'b',
    ready: /READY/,
    owner: t,
  });
  assert.deepEqual(onOut.lines, ['READY 1']);
  assert.deepEqual(onErr.lines, []);
  assert.deepEqual(onErr.output, ['READY 2']);
  assert.equal((await onOut.waitFor(/READY (\d)/))[1], '1');
});

test('a child that ends before it is ready fails with its code and what it printed', async () => {
  const failing = startChild(node, run(`console.error('port is taken'); process.exitCode = 3;`), {
    name: 'server',
    ready: /READY/,
  });
  await assert.rejects(failing, /server ended \(code 3\) before a line matched \/READY\/\nport is taken/);
});

test('a child that stays silent is killed and reported', async () => {
  const silent = startChild(node, run(`console.log('thinking'); ${forever}`), {
    name: 'server',
    ready: /READY/,
    readyMs: 500,
  });
  await assert.rejects(silent, /server wrote no line that matches \/READY\/ within 500 ms/);
});

test('a command that does not exist is named', async () => {
  await assert.rejects(startChild('no-such-command-here', [], { name: 'x' }), /x: cannot start no-such-command-here/);
});

test('lines go in and out', async (t) => {
  const echo = `process.stdin.on('data', (d) => process.stdout.write('got ' + d)); console.log('READY');`;
  const child = await startChild(node, run(echo), { name: 'echo', ready: /READY/, owner: t });
  const from = child.output.length;
  child.writeLine('one');
  await child.waitFor(/^got one$/, 5_000, from);
});

test('stop reports how it ended, and says so when it had to kill', async (t) => {
  const plain = await startChild(node, run(`console.log('READY'); ${forever}`), {
    name: 'plain',
    ready: /READY/,
    owner: t,
  });
  assert.deepEqual(await plain.stop(), { code: null, signal: 'SIGTERM' });
  assert.equal(plain.running(), false);

  const deaf = await startChild(node, run(`process.on('SIGTERM', () => undefined); console.log('READY'); ${forever}`), {
    name: 'deaf',
    ready: /READY/,
    owner: t,
  });
  await assert.rejects(deaf.stop('SIGTERM', 100), /deaf had not ended 100 ms after SIGTERM; it was killed/);
});

test('kill9 ends a frozen child, and disposal thaws one', async (t) => {
  const options = { name: 'frozen', ready: /READY/, owner: t };
  const first = await startChild(node, run(`console.log('READY'); ${forever}`), options);
  first.signal('SIGSTOP');
  assert.deepEqual(await first.kill9(), { code: null, signal: 'SIGKILL' });

  const second = await startChild(node, run(`console.log('READY'); ${forever}`), options);
  second.signal('SIGSTOP');
  await second[Symbol.asyncDispose]();
  assert.deepEqual(await second.exit, { code: null, signal: 'SIGTERM' });
});

test('freePorts gives different ones', async () => {
  assert.equal(new Set(await freePorts(50)).size, 50);
});

test('freePort gives a port that can be bound', async () => {
  const port = await freePort('127.0.0.1');
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
});

test('waitUntil returns what the check gives, and tells the last outcome when it gives nothing', async () => {
  let calls = 0;
  assert.equal(await waitUntil(() => (++calls < 3 ? undefined : 'there'), { what: 'third call', every: 1 }), 'there');
  await assert.rejects(
    waitUntil(() => Promise.reject(new Error('refused')), { what: 'the port answers', ms: 20, every: 5 }),
    /not within 20 ms: the port answers \(last error: refused\)/,
  );
});
