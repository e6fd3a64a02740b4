import type { HealthType, HttpVersion } from '../../cluster/policy.ts';
import type { Ask } from './question.ts';

/**
 * What a check of this type asks; of HTTP in the version that the cluster speaks to its endpoints. Each is loaded when
 * it is first needed, as all of HTTP is.
 */
export async function loadAsk(type: HealthType, version: HttpVersion): Promise<Ask> {
  switch (type) {
    case 'tcp':
      return (await import('./tcp-question.ts')).askTcp;
    case 'bolt':
      return (await import('./bolt-question.ts')).askBolt;
    case 'grpc':
      return (await import('./http2-question.ts')).askGrpc;
    case 'http':
      if (version === 'http2') return (await import('./http2-question.ts')).askHttp2;
      return (await import('./http1-question.ts')).askHttp1;
  }
}
