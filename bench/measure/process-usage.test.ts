import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuMicros, memoryOf, parseSchedstat, parseStatus } from './process-usage.ts';

test('schedstat: the first field is the time on a CPU', () => {
  assert.equal(parseSchedstat('18976642 57426 13\n'), 18_976_642);
  assert.throws(() => parseSchedstat(''), /not a schedstat line/);
});

test('status: resident set and its peak in bytes', () => {
  const status = 'Name:\tnode\nVmPeak:\t  99 kB\nVmHWM:\t   42180 kB\nVmRSS:\t   41000 kB\n';
  assert.deepEqual(parseStatus(status), { resident: 41_000 * 1024, peak: 42_180 * 1024 });
  assert.throws(() => parseStatus('Name:\tzombie\n'), /no VmRSS/);
});

test('both can be read of this very process', { skip: process.platform !== 'linux' && 'reads /proc' }, () => {
  assert.ok(cpuMicros(process.pid) > 0);
  const { resident, peak } = memoryOf(process.pid);
  assert.ok(resident > 0 && peak >= resident);
});
