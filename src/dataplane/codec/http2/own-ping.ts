import type { ByteSink } from '../../message/frame.ts';
import { writePing } from './frame-writer.ts';

const DATA = Buffer.from('weftping', 'latin1');

/** The PINGs of one side: one at a time. RFC 9113, section 6.7. */
export class OwnPing {
  #sent = 0;
  #answered = 0;

  /** Nothing is written while the peer owes an answer. */
  write(out: ByteSink): void {
    if (this.#sent > this.#answered) return;
    this.#sent++;
    writePing(out, DATA, 0, false);
  }

  /** Whether the acknowledgement with the data at `bytes[start]` is one that was waited for. */
  answers(bytes: Buffer, start: number): boolean {
    if (this.#sent === this.#answered || bytes.compare(DATA, 0, 8, start, start + 8) !== 0) return false;
    this.#answered++;
    return true;
  }
}
