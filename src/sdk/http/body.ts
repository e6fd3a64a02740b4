import type { IncomingMessage } from 'node:http';

/** The whole body; `too large` as soon as it is, with the rest left unread; `gone` with its client. */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | 'too large' | 'gone'> {
  return new Promise((resolve) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) return resolve('too large');
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) {
        chunks.push(chunk);
        return;
      }
      request.pause();
      resolve('too large');
    });
    request.on('end', () => resolve(Buffer.concat(chunks, length)));
    request.on('error', () => resolve('gone'));
    request.on('close', () => resolve('gone'));
  });
}
