import { request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  /** The first line of the body, without its end, trimmed; cut at 1 KiB. */
  readonly firstLine: string;
}

export interface HttpProbe {
  /** Rejects when there is no answer, or `signal` aborts. Follows no redirects. */
  get(url: URL, signal: AbortSignal): Promise<HttpAnswer>;
}

const MAX_LINE = 1024;

export const httpProbe: HttpProbe = {
  get: (url, signal) =>
    new Promise((resolve, reject) => {
      const call = request(url, { method: 'GET', agent: false, signal, headers: { accept: 'text/plain, */*' } });
      call.on('error', reject);
      call.on('response', (response) => {
        let body = '';
        const finish = (): void => {
          const end = body.search(/[\r\n]/);
          const line = end < 0 ? body : body.slice(0, end);
          resolve({ status: response.statusCode ?? 0, firstLine: line.slice(0, MAX_LINE).trim() });
          call.destroy();
        };
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
          if (body.length >= MAX_LINE || /[\r\n]/.test(body)) finish();
        });
        response.on('end', finish);
        response.on('error', reject);
      });
      call.end();
    }),
};
