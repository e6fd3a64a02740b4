import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { CONTENT_LENGTH, echoResponse } from './echo-traffic.ts';
import { FrameBatch } from './frame-batch.ts';
import { FrameReader } from './frame-reader.ts';
import { carriesCrc, COMMAND, crcFits, heartbeatReply, layoutAt, seal, STATUS, TYPE } from './frames.ts';
import type { Template } from './frames.ts';

const BATCH = 64;
/** One request in this many has its CRC checked. */
const CRC_SAMPLE = 16;

export type EchoServer = { port: number; close(): Promise<void> };

/** A Bolt server on a free port of 127.0.0.1 that answers each request with its own content, in the request's dialect. */
export async function startEchoServer(): Promise<EchoServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket);
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 });
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

function serve(socket: Socket): void {
  const echo = new Echo(socket);
  const reader = new FrameReader((bytes, at, end) => echo.answer(bytes, at, end));
  socket.on('data', (chunk: Buffer) => {
    try {
      reader.push(chunk);
      echo.flush();
    } catch (error) {
      socket.destroy(error as Error);
    }
  });
  socket.on('drain', () => socket.resume());
  socket.on('error', (error) => {
    // A peer that was ended between two rounds resets its connections; anything else is a finding.
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') process.stderr.write(`echo server: ${error.message}\n`);
  });
}

/** The replies on one connection. */
class Echo {
  readonly #socket: Socket;
  /** The dialect of the last request: they change seldom if ever. */
  #template: Template | undefined;
  #batch: FrameBatch | undefined;
  #requests = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  answer(bytes: Buffer, at: number, end: number): void {
    const layout = layoutAt(bytes, at);
    const id = bytes.readUInt32BE(at + layout.id);
    if (bytes.readUInt16BE(at + layout.command) === COMMAND.heartbeat) return this.#heartbeat(bytes, at, id);
    if (bytes[at + layout.type] === TYPE.oneWay) return;
    const crc = carriesCrc(bytes, at);
    const contentLength = bytes.readUInt32BE(at + layout.lengths + 4);
    const contentAt = end - contentLength - (crc ? 4 : 0);
    const wrong =
      contentLength !== CONTENT_LENGTH || (crc && this.#requests++ % CRC_SAMPLE === 0 && !crcFits(bytes, at, end));

    const batch = this.#batchFor(bytes[at] === 1 ? 1 : 2, crc);
    const template = this.#template as Template;
    const to = batch.add();
    const out = batch.bytes;
    out.writeUInt32BE(id, to + template.idAt);
    out.writeUInt16BE(wrong ? STATUS.codecException : STATUS.success, to + layout.statusOrTimeout);
    bytes.copy(out, to + template.contentAt, contentAt, contentAt + Math.min(contentLength, CONTENT_LENGTH));
    seal(template, out, to);
    if (batch.full) this.flush();
  }

  flush(): void {
    if (this.#batch === undefined || this.#batch.empty) return;
    if (!this.#batch.flush(this.#socket)) this.#socket.pause();
  }

  #heartbeat(bytes: Buffer, at: number, id: number): void {
    this.flush();
    this.#socket.write(heartbeatReply(bytes[at] === 1 ? 1 : 2, id));
  }

  #batchFor(version: 1 | 2, crc: boolean): FrameBatch {
    const template = this.#template;
    if (this.#batch !== undefined && template?.version === version && template.crc === crc) return this.#batch;
    this.flush();
    this.#template = echoResponse({ version, crc });
    this.#batch = new FrameBatch(this.#template, BATCH);
    return this.#batch;
  }
}
