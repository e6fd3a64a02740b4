/**
 * An app that calls com.demo.Echo:1.0 with sofa-rpc-node at a steady rate, two ways side by side:
 * through its sidecar, and straight to the fixed address of one provider (with --direct). With --http and --grpc
 * it calls the demo's shop and greeter as well, through the same port of its sidecar. The defaults are
 * the ports in examples/config/consumer.yaml; run.sh brings the Node that runs TypeScript.
 *
 *   scripts/run.sh examples/demo/consumer.ts --sidecar http://127.0.0.1:13330 --egress 127.0.0.1:12220 \
 *     --direct 127.0.0.1:12199 --http shop.http --grpc greeter.grpc --rate 200
 *
 * Run by `weft demo` it reports each call to it; run by hand it prints a line a second and way.
 */
import { parseArgs } from 'node:util';
import { CallLoop } from './call-loop.ts';
import { createGrpcCaller } from './grpc-caller.ts';
import { createHttpCaller } from './http-caller.ts';
import { introduce, subscribe } from './sidecar-api.ts';
import { createSofaCaller } from './sofa-caller.ts';

const REPORT_MS = 100;

const { values } = parseArgs({
  options: {
    sidecar: { type: 'string' },
    egress: { type: 'string' },
    direct: { type: 'string' },
    http: { type: 'string' },
    grpc: { type: 'string' },
    rate: { type: 'string' },
  },
});
const { sidecar = 'http://127.0.0.1:13330', egress = '127.0.0.1:12220', direct, http, grpc } = values;
const rate = Number(values.rate ?? '200');

try {
  await introduce(sidecar, 'consumer');
  await subscribe(sidecar, 'com.demo.Echo:1.0', 'bolt');
  if (http !== undefined) await subscribe(sidecar, http, 'http');
  if (grpc !== undefined) await subscribe(sidecar, grpc, 'grpc');
} catch (error) {
  console.error(`consumer: ${(error as Error).message}`);
  process.exit(1);
}

// Parts of a period apart, so that none waits for another.
const loops = new Map([['mesh', new CallLoop(await createSofaCaller(egress), rate)]]);
if (direct !== undefined) loops.set('direct', await openDirect(direct));
if (http !== undefined) loops.set('http', new CallLoop(createHttpCaller(egress, http), rate, 0.25));
if (grpc !== undefined) loops.set('grpc', new CallLoop(createGrpcCaller(egress, grpc), rate, 0.75));

process.on('message', (message: { type: string; address?: string }) => {
  if (message.type === 'direct' && message.address !== undefined) void redirect(message.address);
  if (message.type === 'finish') void finish();
});
if (process.send === undefined) setInterval(print, 1_000);
else setInterval(report, REPORT_MS);
process.send?.({ type: 'ready' });

async function openDirect(address: string): Promise<CallLoop> {
  return new CallLoop(await createSofaCaller(address), rate, 0.5);
}

/** The address of a provider has changed; without a sidecar somebody has to tell. */
async function redirect(address: string): Promise<void> {
  await loops.get('direct')?.close();
  report();
  loops.set('direct', await openDirect(address));
}

/** Waits for the calls under way, reports the last of them and ends. */
async function finish(): Promise<void> {
  await Promise.all([...loops.values()].map((loop) => loop.close()));
  report();
  process.send?.({ type: 'finished' }, () => process.exit(0));
}

function report(): void {
  for (const [path, loop] of loops) {
    const calls = loop.take();
    if (calls.micros.length > 0 || calls.failures.length > 0) process.send?.({ type: 'calls', path, ...calls });
  }
}

function print(): void {
  for (const [path, loop] of loops) {
    const { micros, failures, providers } = loop.take();
    const middle = micros.toSorted((a, b) => a - b)[micros.length >> 1] ?? 0;
    const counts = `${micros.length} calls, p50 ${middle} µs, ${failures.length} failed`;
    console.log(`${path.padEnd(6)} ${counts}`, providers, failures[0] ?? '');
  }
}
