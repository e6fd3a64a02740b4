import { requestTemplate, responseTemplate } from './frames.ts';
import type { Dialect, Template } from './frames.ts';

/** The service that the load calls; a proxy routes by it. */
export const ECHO_SERVICE = 'com.demo.Echo:1.0';
export const CONTENT_LENGTH = 1024;

/**
 * The first 8 bytes of a content: the number of the connection (u32) and the request id (u32). Both come back with
 * the echo, so a reply that went to the wrong caller is noticed whatever its request id says.
 */
export const MARK = { lane: 0, id: 4, length: 8 } as const;

/** What follows the mark, the same in every frame. */
export const CONTENT = Buffer.from(Array.from({ length: CONTENT_LENGTH }, (_, i) => (i * 31 + (i >> 3)) & 0xff));

/** Longer than any run stalls: a deadline that ends a request is a failure that the table must show. */
const REQUEST_TIMEOUT_MS = 10_000;

/** What a lane sends, and what it must get back but for the id, the mark and the CRC. */
export type EchoTraffic = { request: Template; reply: Template };

export function echoTraffic(dialect: Dialect): EchoTraffic {
  return { request: echoRequest(dialect), reply: echoResponse(dialect) };
}

export function echoRequest(dialect: Dialect): Template {
  return requestTemplate(dialect, {
    className: 'com.alipay.sofa.rpc.core.request.SofaRequest',
    headers: { service: ECHO_SERVICE },
    content: CONTENT,
    timeoutMs: REQUEST_TIMEOUT_MS,
  });
}

export function echoResponse(dialect: Dialect): Template {
  return responseTemplate(dialect, {
    className: 'com.alipay.sofa.rpc.core.response.SofaResponse',
    content: CONTENT,
  });
}
