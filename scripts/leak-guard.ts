/**
 * Loaded into each process that runs tests: ends it, as failed and with a reason, when the tests
 * are over and something that they left open keeps it alive. Without this it would hang.
 */
import process from 'node:process';
import { after } from 'node:test';
import { isMainThread } from 'node:worker_threads';

/** For sockets and children that are closing already. */
const GRACE_MS = 2000;

// Workers and forks of a test load this as well, but have no tests.
if (isMainThread && /(?:\.test|unit-lane)\.ts$/.test(process.argv[1] ?? '')) after(endAfterGrace);

function endAfterGrace(): void {
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ');
    process.stderr.write(`the tests are over, but the process is kept alive by: ${open}\n`);
    process.exit(1);
  }, GRACE_MS).unref();
}
