/**
 * A reporter beside the one that people read: a run in which no test ran fails, such as one whose
 * name pattern fits no test. It must not look like one that passes.
 */
import { relative } from 'node:path';
import process from 'node:process';
import type { TestEvent } from 'node:test/reporters';

// oxlint-disable-next-line import/no-default-export -- the runner takes a reporter's default export
export default async function* refuseEmptyRun(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  let ran = false;
  for await (const event of events) ran ||= isTestThatRan(event);
  if (ran) return;
  process.exitCode = 1;
  yield 'weft: no test ran: no name fits --test-name-pattern, or the files have no tests\n';
}

function isTestThatRan({ type, data }: TestEvent): boolean {
  if (type !== 'test:pass' && type !== 'test:fail') return false;
  // With a process a file, the runner counts a file in which nothing ran as a test of the file's name.
  const isFile = data.file !== undefined && data.name === relative(process.cwd(), data.file);
  return data.details.type !== 'suite' && !isFile;
}
