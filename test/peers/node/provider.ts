/**
 * Offers com.demo.Echo:1.0 with sofa-rpc-node, a SOFARPC of its own, as a process of its own: its server takes over
 * the process's uncaught exceptions. Arguments: name, port. Ends with its input.
 */
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';

const { server: rpc } = createRequire(import.meta.url)('sofa-rpc-node');

const [name, port] = process.argv.slice(2);
const quiet = { info() {}, debug() {}, warn() {}, error: console.error };
const told: string[] = [];

const server = new rpc.RpcServer({ appName: name, port: Number(port), logger: quiet });
server.addService(
  { interfaceName: 'com.demo.Echo' },
  {
    echo: async (text: string) => text,
    echoBytes: async (bytes: Buffer) => bytes,
    sum: async (a: number, b: number) => ({ $class: 'long', $: a + b }),
    fail: async (text: string) => {
      throw new Error(text);
    },
    crash: async (text: string) => {
      throw new Error(text);
    },
    slow: async (millis: number) => {
      await delay(millis);
      return `slept ${millis}`;
    },
    tell: async (text: string) => {
      told.push(text);
      console.log(`TOLD ${text}`);
    },
    name: async () => name,
  },
);
// Every error of a service is also emitted; the caller gets it as its reply.
server.on('error', () => undefined);
await server.start();
process.stdin.resume().on('end', () => process.exit(0));
console.log('READY');
