import { TIMEOUT_MS } from './call-loop.ts';
import type { Caller } from './call-loop.ts';
import { createClient } from './sofa.ts';

/** Calls echo of com.demo.Echo:1.0 at `host:port`: a provider, or a sidecar that finds one. */
export async function createSofaCaller(address: string): Promise<Caller> {
  const client = createClient();
  const consumer = client.createConsumer({
    interfaceName: 'com.demo.Echo',
    serverHost: `bolt://${address}?serialization=hessian2`,
  });
  await consumer.ready();
  return {
    async call() {
      const args = [{ $class: 'java.lang.String', $: 'hello' }];
      const reply = await consumer.invoke('echo', args, { responseTimeout: TIMEOUT_MS });
      return String(reply).split(':', 1)[0] ?? '';
    },
    close: () => client.close(),
  };
}
