import type { Socket } from 'node:net';
import type { Template } from './frames.ts';

/**
 * Copies of one template, side by side, that go out with a single write: only what differs between two frames is
 * written into them. The memory is used again as soon as the kernel has taken it.
 */
export class FrameBatch {
  readonly #template: Template;
  readonly #capacity: number;
  #bytes: Buffer;
  #frames = 0;

  constructor(template: Template, capacity: number) {
    this.#template = template;
    this.#capacity = capacity;
    this.#bytes = repeat(template.bytes, capacity);
  }

  /** The memory that `add` gives offsets in; `flush` may exchange it. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#frames === this.#capacity;
  }

  get empty(): boolean {
    return this.#frames === 0;
  }

  /** Where the next frame starts in `bytes`. Only while not full. */
  add(): number {
    return this.#frames++ * this.#template.bytes.length;
  }

  /** Writes the frames added since the last time. Returns false while the peer takes bytes more slowly than they come. */
  flush(socket: Socket): boolean {
    const below = socket.write(this.#bytes.subarray(0, this.#frames * this.#template.bytes.length));
    this.#frames = 0;
    // Not all of it went to the kernel: the rest still lies in this memory.
    if (socket.writableLength > 0) this.#bytes = repeat(this.#template.bytes, this.#capacity);
    return below;
  }
}

function repeat(bytes: Buffer, count: number): Buffer {
  const block = Buffer.allocUnsafeSlow(bytes.length * count);
  for (let i = 0; i < count; i++) bytes.copy(block, i * bytes.length);
  return block;
}
