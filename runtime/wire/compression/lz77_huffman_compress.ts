/** LZ77+Huffman (MS-XCA 2.1): compression. */
import {
  BITS4_FULL,
  BLOCK_SIZE,
  BYTE_FULL,
  FIRST_MATCH,
  MAX_CODE_LENGTH,
  MIN_MATCH,
  SYMBOLS,
  TABLE_SIZE,
} from "./lz77_huffman.ts";
import { equalLength, LOOK_AHEAD, MatchFinder } from "./match_finder.ts";

const WINDOW = 65535;
const FINDER = new MatchFinder({ minMatch: MIN_MATCH, window: WINDOW, hashBits: 14 });

/** Literals and matches of one block, before their symbols have codes. */
interface Tokens {
  readonly symbols: Uint16Array;
  readonly distances: Uint16Array;
  readonly lengths: Uint16Array;
  readonly counts: Uint32Array;
  used: number;
}

/**
 * Compresses to LZ77+Huffman (MS-XCA 2.1.4). Each block of 64 KiB has 256 bytes of code lengths, so the result of short
 * data is longer than the data.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compressLz77Huffman } from "../mod.ts";
 * const input = new TextEncoder().encode("abcdefghijklmnopqrstuvwxyz");
 * assertEquals(
 *   compressLz77Huffman(input).subarray(256).toHex(),
 *   "d8523ed794115be9195ff9d67cdf8d0400000000",
 * );
 * ```
 */
export function compressLz77Huffman(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const end = input.byteLength;
  const blocks = Math.ceil(end / BLOCK_SIZE);
  // A literal takes 15 bits at most, a match fewer than its bytes would as literals.
  const output = new BitOutput(2 * end + (TABLE_SIZE + 8) * blocks);
  const capacity = Math.min(end, BLOCK_SIZE) + 1;
  const tokens: Tokens = {
    symbols: new Uint16Array(capacity),
    distances: new Uint16Array(capacity),
    lengths: new Uint16Array(capacity),
    counts: new Uint32Array(SYMBOLS),
    used: 0,
  };
  FINDER.reset();
  for (let start = 0; start < end; start += BLOCK_SIZE) {
    const blockEnd = Math.min(end, start + BLOCK_SIZE);
    tokenise(input, start, blockEnd, tokens);
    // The end of the data is marked, the end of a block is not (MS-XCA 2.1.4.3).
    if (blockEnd === end) {
      tokens.counts[FIRST_MATCH]!++;
      tokens.symbols[tokens.used] = FIRST_MATCH;
      tokens.distances[tokens.used] = 1;
      tokens.lengths[tokens.used] = 0;
      tokens.used++;
    }
    const codeLengths = huffmanLengths(tokens.counts);
    output.beginBlock(codeLengths);
    encode(output, tokens, codeLengths);
    output.endBlock();
  }
  return output.bytes();
}

/** The LZ77 phase (MS-XCA 2.1.4.1); matches end with the block, and may begin in the one before. */
function tokenise(input: Uint8Array, start: number, end: number, tokens: Tokens): void {
  const { symbols, distances, lengths, counts } = tokens;
  const lastMatch = end - LOOK_AHEAD;
  counts.fill(0);
  let used = 0;
  let pending = start;
  while (true) {
    const found = FINDER.next(input, pending, lastMatch, 0);
    const candidate = FINDER.candidate;
    const distance = found - candidate;
    const rest = found === -1
      ? 0
      : equalLength(input, found + MIN_MATCH, candidate + MIN_MATCH, end);
    // The symbol of the shortest and nearest match also ends the data, and Wireshark 4.0 knows it as that alone.
    const reserved = found !== -1 && distance === 1 && rest === 0;
    const literalsEnd = found === -1 ? end : reserved ? found + MIN_MATCH : found;
    while (pending < literalsEnd) {
      const literal = input[pending++]!;
      symbols[used++] = literal;
      counts[literal]!++;
    }
    if (found === -1) break;
    if (reserved) continue;
    const symbol = FIRST_MATCH + Math.min(rest, BITS4_FULL) + 16 * (31 - Math.clz32(distance));
    counts[symbol]!++;
    symbols[used] = symbol;
    distances[used] = distance;
    lengths[used++] = rest;
    pending = found + MIN_MATCH + rest;
  }
  tokens.used = used;
}

/** The final encoding phase (MS-XCA 2.1.4.3). */
function encode(output: BitOutput, tokens: Tokens, codeLengths: Uint8Array): void {
  const { symbols, distances, lengths, used } = tokens;
  const codes = canonicalCodes(codeLengths);
  for (let i = 0; i < used; i++) {
    const symbol = symbols[i]!;
    output.bits(codeLengths[symbol]!, codes[symbol]!);
    if (symbol < FIRST_MATCH) continue;
    if ((symbol & 15) === BITS4_FULL) output.longLength(lengths[i]!);
    const distanceBits = (symbol - FIRST_MATCH) >>> 4;
    output.bits(distanceBits, distances[i]! - (1 << distanceBits));
  }
}

/** Codes in the order of length, then symbol. */
function canonicalCodes(codeLengths: Uint8Array): Uint16Array {
  const codes = new Uint16Array(SYMBOLS);
  let code = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    code <<= 1;
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      if (codeLengths[symbol] === length) codes[symbol] = code++;
    }
  }
  return codes;
}

/** Code lengths of at most 15 bits for the symbols that occur (MS-XCA 2.1.4.2). */
export function huffmanLengths(counts: Uint32Array): Uint8Array {
  const codeLengths = new Uint8Array(SYMBOLS);
  const weights = new Map<number, number>();
  counts.forEach((count, symbol) => {
    if (count > 0) weights.set(symbol, count);
  });
  // A code needs two symbols for its lengths to be valid.
  for (let symbol = 0; weights.size < 2; symbol++) weights.set(symbol, weights.get(symbol) ?? 1);
  while (true) {
    const leaves = [...weights].sort(([a, one], [b, other]) => one - other || a - b);
    const depths = leafDepths(leaves.map(([, weight]) => weight));
    if (depths[0]! <= MAX_CODE_LENGTH) {
      leaves.forEach(([symbol], index) => codeLengths[symbol] = depths[index]!);
      return codeLengths;
    }
    // Weights that lie closer together make the code flatter.
    for (const [symbol, weight] of weights) weights.set(symbol, (weight + 1) >>> 1);
  }
}

/** Depths of the leaves of a Huffman tree, greatest first, for weights in ascending order. */
function leafDepths(leaves: readonly number[]): number[] {
  const count = leaves.length;
  // Leaves, then inner nodes in the order of their making, which is that of their weights.
  const weights = [...leaves];
  const parents: number[] = [];
  let leaf = 0;
  let inner = count;
  for (let node = count; node < 2 * count - 1; node++) {
    let weight = 0;
    for (let child = 0; child < 2; child++) {
      const takeLeaf = leaf < count && (inner === node || weights[leaf]! <= weights[inner]!);
      const taken = takeLeaf ? leaf++ : inner++;
      parents[taken] = node;
      weight += weights[taken]!;
    }
    weights.push(weight);
  }
  const depths = new Array<number>(2 * count - 1).fill(0);
  for (let node = 2 * count - 3; node >= 0; node--) depths[node] = depths[parents[node]!]! + 1;
  return depths.slice(0, count).sort((one, other) => other - one);
}

/** Bits in 16-bit units, between which whole bytes lie where the decoder reads them next (MS-XCA 2.1.4.3). */
class BitOutput {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #unitAt = 0;
  #nextUnitAt = 0;
  #to = 0;
  #unit = 0;
  #free = 16;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  beginBlock(codeLengths: Uint8Array): void {
    for (let symbol = 0; symbol < SYMBOLS; symbol += 2) {
      this.#bytes[this.#to++] = codeLengths[symbol]! | codeLengths[symbol + 1]! << 4;
    }
    this.#unitAt = this.#to;
    this.#nextUnitAt = this.#to + 2;
    this.#to += 4;
    this.#unit = 0;
    this.#free = 16;
  }

  bits(count: number, value: number): void {
    if (count <= this.#free) {
      this.#free -= count;
      this.#unit = this.#unit << count | value;
      return;
    }
    const over = count - this.#free;
    this.#put(this.#unit << this.#free | value >>> over);
    this.#unitAt = this.#nextUnitAt;
    this.#nextUnitAt = this.#to;
    this.#to += 2;
    this.#free = 16 - over;
    this.#unit = value & (1 << over) - 1;
  }

  /** What the 4 bits of the symbol do not hold of a match length less 3, which is below 2^16 within a block. */
  longLength(length: number): void {
    const rest = length - BITS4_FULL;
    this.#bytes[this.#to++] = Math.min(rest, BYTE_FULL);
    if (rest < BYTE_FULL) return;
    this.#bytes[this.#to++] = length;
    this.#bytes[this.#to++] = length >>> 8;
  }

  endBlock(): void {
    this.#put(this.#unit << this.#free);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#to);
  }

  #put(unit: number): void {
    this.#bytes[this.#unitAt] = unit;
    this.#bytes[this.#unitAt + 1] = unit >>> 8;
  }
}
