/**
 * The Huffman code of RFC 7541, appendix B. It is canonical (codes of one length ascend with
 * their symbols), so the lengths alone define it.
 */

/** Bits of each octet's code. */
const LENGTHS = Uint8Array.of(
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28],
  ...[28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15],
  ...[6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6],
  ...[15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22],
  ...[20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23],
  ...[23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22],
  ...[22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26],
  ...[27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27],
  ...[26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26],
);

/** End of string: 30 ones. A text never holds it; its first bits fill up the last octet. */
const EOS = 256;
const EOS_LENGTH = 30;

const CODES = canonicalCodes();

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(256);
  const order = Array.from(LENGTHS.keys()).sort((a, b) => LENGTHS[a]! - LENGTHS[b]! || a - b);
  let code = 0;
  let length = LENGTHS[order[0]!]!;
  for (const symbol of order) {
    code = (code << (LENGTHS[symbol]! - length)) >>> 0;
    length = LENGTHS[symbol]!;
    codes[symbol] = code++;
  }
  return codes;
}

/** Octets that `text`, of which each character is one octet, takes when encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += LENGTHS[text.charCodeAt(i) & 0xff]!;
  return (bits + 7) >>> 3;
}

/** Writes the code of `text` at `at`, where there must be room for it; returns where it ends. */
export function huffmanEncode(text: string, target: Uint8Array, at: number): number {
  let pending = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    let left = LENGTHS[symbol]!;
    const code = CODES[symbol]!;
    // At most 7 bits are pending, so that many more fit into 32.
    while (left > 0) {
      const take = Math.min(left, 24);
      left -= take;
      pending = (pending << take) | ((code >>> left) & ((1 << take) - 1));
      bits += take;
      while (bits >= 8) {
        bits -= 8;
        target[at++] = pending >>> bits;
      }
      pending &= (1 << bits) - 1;
    }
  }
  if (bits > 0) target[at++] = (pending << (8 - bits)) | (0xff >>> bits);
  return at;
}

/**
 * The decoder is a state machine that takes half an octet at a time, which completes one symbol
 * at most. An entry holds where the next state's entries begin, the symbol, and these marks.
 */
const EMITS = 1 << 24;
const EMITS_SHIFT = 24;
const FAILS = 1 << 25;
/** The bits since the last symbol may end the string: fewer than eight, all ones. */
const MAY_END = 1 << 26;
const STATE_MASK = 0xfff;
const STATE_SHIFT = 4;
const SYMBOL_SHIFT = 16;

const TABLE = buildTable();

interface Node {
  readonly children: (Node | number | undefined)[];
  readonly id: number;
  readonly depth: number;
  readonly allOnes: boolean;
}

function buildTable(): Uint32Array {
  const nodes = buildTree();
  const table = new Uint32Array(nodes.length * 16);
  for (const node of nodes) {
    for (let half = 0; half < 16; half++) table[node.id * 16 + half] = step(nodes[0]!, node, half);
  }
  return table;
}

function buildTree(): Node[] {
  const nodes: Node[] = [];
  const create = (depth: number, allOnes: boolean): Node => {
    const node: Node = { children: [], id: nodes.length, depth, allOnes };
    nodes.push(node);
    return node;
  };
  const root = create(0, true);
  const insert = (symbol: number, code: number, length: number): void => {
    let node = root;
    for (let bit = length - 1; bit > 0; bit--) {
      const side = (code >>> bit) & 1;
      const next = (node.children[side] ??= create(node.depth + 1, node.allOnes && side === 1));
      if (typeof next === 'number') throw new TypeError('not a prefix code');
      node = next;
    }
    node.children[code & 1] = symbol;
  };
  for (let symbol = 0; symbol < 256; symbol++) insert(symbol, CODES[symbol]!, LENGTHS[symbol]!);
  insert(EOS, 2 ** EOS_LENGTH - 1, EOS_LENGTH);
  return nodes;
}

function step(root: Node, from: Node, half: number): number {
  let node = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = node.children[(half >>> bit) & 1];
    if (next === undefined || next === EOS) return FAILS;
    if (typeof next === 'number') {
      emitted = EMITS | (next << SYMBOL_SHIFT);
      node = root;
    } else {
      node = next;
    }
  }
  return (node.id << STATE_SHIFT) | emitted | (node.allOnes && node.depth < 8 ? MAY_END : 0);
}

/**
 * Decodes `source[start, end)` into `target` from `at`, which needs room for twice the source.
 *
 * @returns where the text ends in `target`, or -1 when the source is not a valid code.
 */
export function huffmanDecode(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): number {
  let entry = MAY_END;
  let seen = 0;
  // Whether a step completes a symbol cannot be foreseen: written over when not, it costs less than a branch.
  for (let i = start; i < end; i++) {
    const octet = source[i]!;
    entry = TABLE[(entry & STATE_MASK) | (octet >>> 4)]!;
    target[at] = entry >>> SYMBOL_SHIFT;
    at += (entry >>> EMITS_SHIFT) & 1;
    seen |= entry;
    entry = TABLE[(entry & STATE_MASK) | (octet & 15)]!;
    target[at] = entry >>> SYMBOL_SHIFT;
    at += (entry >>> EMITS_SHIFT) & 1;
    seen |= entry;
  }
  return (seen & FAILS) !== 0 || (entry & MAY_END) === 0 ? -1 : at;
}
