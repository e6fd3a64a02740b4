/** The echo server's process: prints its port, serves until its stdin ends. */
import { startEchoServer } from './echo-server.ts';

const server = await startEchoServer();
process.stdout.write(`port ${server.port}\n`);
process.stdin.on('end', () => void server.close()).resume();
