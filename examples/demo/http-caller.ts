import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { TIMEOUT_MS } from './call-loop.ts';
import type { Caller } from './call-loop.ts';

/**
 * Calls `GET /price` of a shop through a sidecar: the request goes to the sidecar's port and names the service as its host.
 *
 * @param sidecar `host:port` of its egress
 */
export function createHttpCaller(sidecar: string, service: string): Caller {
  const agent = new Agent({ keepAlive: true });
  const url = `http://${sidecar}/price`;
  return {
    async call() {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const call = request(
          url,
          { agent, headers: { host: service }, signal: AbortSignal.timeout(TIMEOUT_MS) },
          resolve,
        );
        call.on('error', reject).end();
      });
      const body = await text(response);
      if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${body.trim()}`);
      return (JSON.parse(body) as { shop: string }).shop;
    },
    async close() {
      agent.destroy();
    },
  };
}
