import { writeFile } from 'node:fs/promises';
import type { Options } from '../options.ts';
import { fixed, table } from '../report/table.ts';
import { timeAll } from './time-it.ts';

/** Prints what codec and routes cost without sockets. The cases load the proxy's sources, so only when they are asked for. */
export async function runMicro(options: Pick<Options, 'json'>, print: (text: string) => void): Promise<number> {
  const [{ boltCases }, { http1Cases }, { http2Cases }, { routeCases }] = await Promise.all([
    import('./bolt-cases.ts'),
    import('./http1-cases.ts'),
    import('./http2-cases.ts'),
    import('./route-cases.ts'),
  ]);
  const timings = timeAll([...boltCases(), ...http1Cases(), ...http2Cases(), ...(await routeCases())]);
  print(`Codecs (Bolt's contents are of 1 KiB) and routes of HTTP, Node ${process.version}`);
  const rows = timings.map(({ name, nanos, spread, bytes, unit }) => [
    name,
    fixed(nanos, 0),
    fixed(spread * 50, 0),
    fixed(bytes, 0),
    unit,
  ]);
  print(table(['', 'ns', '±%', 'bytes', 'per'], rows).join('\n'));
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(timings, undefined, 2)}\n`);
  return 0;
}
