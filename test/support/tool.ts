import { spawn } from 'node:child_process';

export interface Ran {
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end; rejects, with all that it said, when it fails or takes longer than `ms`. */
export function runTool(command: string, args: readonly string[], ms = 60_000, input?: Buffer): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'pipe', timeout: ms, env: { ...process.env, LC_ALL: 'C' } });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on('data', (bytes: Buffer) => void out.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => void err.push(bytes));
    // A program that ends with input unread says more by its exit.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const [stdout, stderr] = [Buffer.concat(out), Buffer.concat(err).toString()];
      if (code === 0) return resolve({ stdout, stderr });
      const line = [command, ...args].join(' ');
      reject(new Error(`${line} ended with ${signal ?? code}\n${stderr}\n${stdout.toString('latin1', 0, 2000)}`));
    });
  });
}
