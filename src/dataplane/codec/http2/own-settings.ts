import type { FrameReaderLimits } from './frame-reader.ts';
import type { Http2Limits } from './owner.ts';
import { Setting } from './protocol.ts';

/** Those limits that may change while a connection is open. */
export type AdjustableLimits = Pick<Http2Limits, 'maxStreams' | 'maxHeaderList' | 'maxFields'>;

/**
 * What one side allows its peer. The peer may go by what it was told before until it has acknowledged
 * what it is told now. RFC 9113, section 6.5.3.
 */
export class OwnSettings implements Http2Limits, FrameReaderLimits {
  readonly maxContinuations = 64;
  readonly streamWindow: number;
  readonly connectionWindow: number;
  readonly extendedConnect: boolean;
  /** What the peer is held to. */
  maxStreams: number;
  maxHeaderList: number;
  /** HTTP/2 has no word for it. */
  maxFields: number;
  #announced: AdjustableLimits;
  /** Of the SETTINGS that were sent. */
  #unacknowledged = 1;

  constructor(limits: Http2Limits) {
    this.streamWindow = limits.streamWindow;
    this.connectionWindow = limits.connectionWindow;
    this.extendedConnect = limits.extendedConnect === true;
    this.#announced = limits;
    this.maxStreams = limits.maxStreams;
    this.maxHeaderList = limits.maxHeaderList;
    this.maxFields = limits.maxFields;
  }

  /** Huffman's code makes at most 8/5 of a block; the list's size is checked field by field. */
  get maxHeaderBlock(): number {
    return 2 * this.maxHeaderList + 1024;
  }

  /** @returns what is to be sent, as `writeSettings` takes it; undefined when the peer knows. */
  adjust(limits: AdjustableLimits): readonly number[] | undefined {
    const { maxStreams, maxHeaderList } = this.#announced;
    this.#announced = limits;
    this.maxFields = limits.maxFields;
    if (limits.maxStreams === maxStreams && limits.maxHeaderList === maxHeaderList) return undefined;
    this.maxStreams = Math.max(this.maxStreams, limits.maxStreams);
    this.maxHeaderList = Math.max(this.maxHeaderList, limits.maxHeaderList);
    this.#unacknowledged++;
    return [Setting.maxHeaderListSize, limits.maxHeaderList, Setting.maxConcurrentStreams, limits.maxStreams];
  }

  acknowledged(): void {
    if (this.#unacknowledged === 0 || --this.#unacknowledged > 0) return;
    this.maxStreams = this.#announced.maxStreams;
    this.maxHeaderList = this.#announced.maxHeaderList;
  }
}
