/** Input that no honest peer sends: captures that were cut, doubled, mixed and changed. */
import fc from 'fast-check';

/** How many inputs each test tries, or a multiple of that. */
export const RUNS = Number(process.env['WEFT_FUZZ_RUNS'] ?? 300);

/** @param pieces what matters to a parser, put in anywhere. */
export function hostile(
  captures: readonly (string | Buffer)[],
  pieces: readonly (string | Buffer)[],
): fc.Arbitrary<Buffer> {
  const capture = fc.constantFrom(...captures).map(toBytes);
  const mutated = fc
    .tuple(
      capture,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(...pieces).map(toBytes)), { maxLength: 2 }),
    )
    .map(([bytes, changes, inserts]) => {
      let changed = Buffer.from(bytes);
      for (const [at, value] of changes) changed[at % changed.length] = value;
      for (const [at, piece] of inserts) {
        const place = at % (changed.length + 1);
        changed = Buffer.concat([changed.subarray(0, place), piece, changed.subarray(place)]);
      }
      return changed;
    });
  const noise = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
  return fc
    .array(
      fc.oneof({ weight: 3, arbitrary: capture }, { weight: 5, arbitrary: mutated }, { weight: 1, arbitrary: noise }),
      {
        minLength: 1,
        maxLength: 5,
      },
    )
    .map((parts) => Buffer.concat(parts));
}

/** What may become of one turn of a conversation: it is changed, lost, said twice, or something is put into it. */
export function hostileTurn(pieces: readonly Buffer[]): fc.Arbitrary<(turn: Buffer) => Buffer> {
  return fc.oneof(
    fc.tuple(fc.nat(), fc.nat(255)).map(([at, value]) => (turn: Buffer) => {
      const changed = Buffer.from(turn);
      if (changed.length > 0) changed[at % changed.length] = value;
      return changed;
    }),
    fc.constant(() => Buffer.alloc(0)),
    fc.constant((turn: Buffer) => Buffer.concat([turn, turn])),
    fc.constantFrom(...pieces).map((piece) => (turn: Buffer) => Buffer.concat([turn, piece])),
    fc.constantFrom(...pieces).map((piece) => (turn: Buffer) => Buffer.concat([piece, turn])),
  );
}

/** `bytes` cut at `cuts`, which may be any numbers. */
export function inPieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((at) => at % (bytes.length + 1)).sort((a, b) => a - b);
  return [...places, bytes.length].map((end, i) => bytes.subarray(i === 0 ? 0 : places[i - 1], end));
}

function toBytes(data: string | Buffer): Buffer {
  return typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
}
