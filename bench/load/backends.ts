/** What stands behind the proxies: a process of its own for each protocol. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, startChild, waitUntil } from '../../test/support/children.ts';
import type { Child } from '../../test/support/children.ts';
import type { CommandLine } from '../measure/pinning.ts';
import type { Protocol } from '../scenarios/scenario.ts';
import { nginxArguments, nginxConfig } from '../tools/nginx.ts';
import { expectAnswer } from './answers.ts';
import { BODY, MARK, RPC, SMALL, SMALL_FILLER } from './http-traffic.ts';
import type { Exchange } from './http-traffic.ts';

export type Backend = { port: number; pid: number; stop(): Promise<unknown> };

const READY_MS = 10_000;

export async function startBackend(protocol: Protocol, folder: string, at: CommandLine): Promise<Backend> {
  if (protocol === 'bolt') return startEcho(at);
  const port = await freePort();
  const www = join(folder, 'www');
  for (const exchange of [SMALL, BODY, RPC]) await writeReply(www, exchange);
  const child = await (protocol === 'http1' ? startNginx(port, folder, at) : startNghttpd(port, folder, protocol, at));
  try {
    await waitUntil(() => expectAnswer(protocol, port).then(() => true), {
      what: `an answer of ${child.name}`,
      ms: READY_MS,
    });
  } catch (error) {
    await child.kill9();
    throw new Error(`${(error as Error).message}\n${child.tail()}`, { cause: error });
  }
  return backendOf(child, port);
}

function backendOf(child: Child, port: number): Backend {
  return { port, pid: child.pid, stop: () => child.stop() };
}

async function startEcho(at: CommandLine): Promise<Backend> {
  const [command, args] = at(process.execPath, [fileURLToPath(new URL('./echo-process.ts', import.meta.url))]);
  const child = await startChild(command, args, { name: 'echo server', ready: /^port \d+$/ });
  const [, port] = await child.waitFor(/^port (\d+)$/);
  return backendOf(child, Number(port));
}

async function writeReply(www: string, { path, reply }: Exchange): Promise<void> {
  const file = join(www, new URL(path, 'http://localhost').pathname);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, reply);
}

async function startNginx(port: number, folder: string, at: CommandLine): Promise<Child> {
  const server = `
    listen 127.0.0.1:${port} backlog=4096;
    location = ${new URL(SMALL.path, 'http://localhost').pathname} { return 200 "\${arg_${MARK}}${SMALL_FILLER}"; }
    location / { root ${join(folder, 'www')}; }`;
  const file = join(folder, 'nginx-backend.conf');
  await writeFile(file, nginxConfig(folder, server));
  const [command, args] = at('nginx', nginxArguments(folder, file));
  return startChild(command, args, { name: 'nginx (backend)' });
}

/** The lightest HTTP/2 server at hand, and one that sends trailers: the load is to wear out the proxies, not this. */
async function startNghttpd(port: number, folder: string, protocol: Protocol, at: CommandLine): Promise<Child> {
  const types = join(folder, 'mime.types');
  // nghttpd takes for an extension what follows the last dot of a path: of the service's package.
  await writeFile(types, `application/grpc ${RPC.path.split('.').at(-1)}\n`);
  const options = ['--no-tls', '-a', '127.0.0.1', '-n', '1', '-m', '1000', '-d', join(folder, 'www')];
  const trailers = protocol === 'grpc' ? ['--trailer', 'grpc-status: 0'] : [];
  const [command, args] = at('nghttpd', [...options, ...trailers, `--mime-types-file=${types}`, String(port)]);
  return startChild(command, args, { name: `nghttpd (backend, ${protocol})` });
}
