/**
 * An app that calls com.demo.Echo:1.0 with sofa-rpc-node at a steady rate, two ways side by side:
 * through its sidecar, and straight to the fixed address of one provider (with --direct). The defaults are
 * the ports in examples/config/consumer.yaml; run.sh brings the Node that runs TypeScript.
 *
 *   scripts/run.sh examples/demo/consumer.ts --sidecar http://127.0.0.1:13330 --egress 127.0.0.1:12220 \
 *     --direct 127.0.0.1:12199 --rate 200
 *
 * Run by `weft demo` it reports each call to it; run by hand it prints a line a second.
 */
import { parseArgs } from 'node:util';
import { CallLoop } from './call-loop.ts';
import { introduce, subscribe } from './sidecar-api.ts';

const REPORT_MS = 100;

const { values } = parseArgs({
  options: {
    sidecar: { type: 'string' },
    egress: { type: 'string' },
    direct: { type: 'string' },
    rate: { type: 'string' },
  },
});
const { sidecar = 'http://127.0.0.1:13330', egress = '127.0.0.1:12220', direct, rate = '200' } = values;

try {
  await introduce(sidecar, 'consumer');
  await subscribe(sidecar, 'com.demo.Echo:1.0');
} catch (error) {
  console.error(`consumer: ${(error as Error).message}`);
  process.exit(1);
}

const mesh = await CallLoop.open(egress, Number(rate));
// Half a period apart, so that neither waits for the other.
let straight = direct === undefined ? undefined : await CallLoop.open(direct, Number(rate), 0.5);

process.on('message', (message: { type: string; address?: string }) => {
  if (message.type === 'direct' && message.address !== undefined) void redirect(message.address);
  if (message.type === 'finish') void finish();
});
if (process.send === undefined) setInterval(print, 1_000);
else setInterval(report, REPORT_MS);
process.send?.({ type: 'ready' });

/** The address of a provider has changed; without a sidecar somebody has to tell. */
async function redirect(address: string): Promise<void> {
  const old = straight;
  await old?.close();
  if (old !== undefined) send('direct', old);
  straight = await CallLoop.open(address, Number(rate), 0.5);
}

/** Waits for the calls under way, reports the last of them and ends. */
async function finish(): Promise<void> {
  await Promise.all([mesh.close(), straight?.close()]);
  report();
  process.send?.({ type: 'finished' }, () => process.exit(0));
}

function report(): void {
  send('mesh', mesh);
  if (straight !== undefined) send('direct', straight);
}

function send(path: 'mesh' | 'direct', loop: CallLoop): void {
  const calls = loop.take();
  if (calls.micros.length > 0 || calls.failures.length > 0) process.send?.({ type: 'calls', path, ...calls });
}

function print(): void {
  const { micros, failures, providers } = mesh.take();
  const middle = micros.toSorted((a, b) => a - b)[micros.length >> 1] ?? 0;
  console.log(`${micros.length} calls, p50 ${middle} µs, ${failures.length} failed`, providers, failures[0] ?? '');
}
