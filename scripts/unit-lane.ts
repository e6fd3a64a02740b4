/**
 * The unit lane as one file of a bigger run: Node's runner isolates by file, and a process for
 * each of these small ones would take most of the time.
 */
import { dirname, join } from 'node:path';
import { listFiles } from './lanes.ts';

const ROOT = dirname(import.meta.dirname);

for (const file of listFiles(ROOT, 'unit')) await import(join(ROOT, file));
