import { Budget } from '../../src/core/budget.ts';
import { BoltDecoder } from '../../src/dataplane/codec/bolt/decoder.ts';
import { forwardFrame } from '../../src/dataplane/codec/bolt/encode.ts';
import type { ByteSink, FrameSink, FrameView } from '../../src/dataplane/message/frame.ts';
import { echoRequest, echoResponse } from '../load/echo-traffic.ts';
import { seal } from '../load/frames.ts';
import type { Template } from '../load/frames.ts';
import type { Case } from './time-it.ts';

/** What one read brings at most: as many frames of 1 KiB as fit in 64 KiB. */
const READ = 64 * 1024;
const LIMITS = { maxFrame: 16 * 1024 * 1024, maxHeader: 0xffff };
const BUDGET = 256 * 1024 * 1024;

/** The codec's share of a request: cutting frames out of a read, finding the service, writing them with another id. */
export function boltCases(): Case[] {
  const v1 = echoRequest({ version: 1, crc: false });
  const v1Reply = echoResponse({ version: 1, crc: false });
  const v2 = echoRequest({ version: 2, crc: true });
  return [
    decode('decode request, v1', v1, READ),
    decode('decode reply, v1', v1Reply, READ),
    decode('decode request, v2, check CRC', v2, READ),
    decode('decode request, v1, every frame cut in two', v1, 600),
    decode('decode request, v1, and find its service', v1, READ, (frame) => frame.service().length),
    forward('forward with another id, v1', v1),
    forward('forward with another id, v2, new CRC', v2),
  ];
}

/** `read`: bytes in each chunk that the decoder gets. */
function decode(name: string, template: Template, read: number, use: (frame: FrameView) => number = idOf): Case {
  const { bytes, units } = readOf(template);
  const chunks = Array.from({ length: Math.ceil(bytes.length / read) }, (_, i) =>
    bytes.subarray(i * read, (i + 1) * read),
  );
  let sum = 0;
  let frames = 0;
  const sink: FrameSink = {
    onFrame(frame) {
      sum += use(frame);
      frames++;
    },
    onRejected(_frame, reason) {
      throw new Error(`rejected: ${reason}`);
    },
  };
  const decoder = new BoltDecoder(LIMITS, new Budget(BUDGET), sink);
  return {
    name,
    unit: 'frame',
    units,
    run() {
      frames = 0;
      for (const chunk of chunks) decoder.push(chunk, chunk.length);
      if (frames !== units || Number.isNaN(sum)) throw new Error(`${name}: ${frames} frames instead of ${units}`);
    },
  };
}

function idOf(frame: FrameView): number {
  return frame.id;
}

function forward(name: string, template: Template): Case {
  const { bytes, units } = readOf(template);
  const length = template.bytes.length;
  const target = Buffer.allocUnsafeSlow(bytes.length);
  let used = 0;
  const sink: ByteSink = {
    target,
    reserve(size) {
      const at = used;
      used += size;
      return at;
    },
  };
  return {
    name,
    unit: 'frame',
    units,
    run() {
      used = 0;
      for (let i = 0; i < units; i++) forwardFrame(sink, bytes, i * length, (i + 1) * length, i);
    },
  };
}

function readOf(template: Template): { bytes: Buffer; units: number } {
  const units = Math.floor(READ / template.bytes.length);
  const bytes = Buffer.concat(Array.from({ length: units }, () => template.bytes));
  for (let i = 0; i < units; i++) {
    const at = i * template.bytes.length;
    bytes.writeUInt32BE(i, at + template.idAt);
    seal(template, bytes, at);
  }
  return { bytes, units };
}
