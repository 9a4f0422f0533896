/** LZ77+Huffman (MS-XCA 2.1, 2.2): decompression. */
import { copyMatch, i32At, malformed, u16At } from "./shared.ts";

const NAME = "LZ77+Huffman";

/** Literals 0..255, then matches by length and highest bit of the distance; 256 also ends the data. */
export const SYMBOLS = 512;
export const FIRST_MATCH = 256;

/** Two code lengths a byte. */
export const TABLE_SIZE = SYMBOLS / 2;
export const MAX_CODE_LENGTH = 15;

/** Bytes that a block stands for; its last match may end behind them (MS-XCA 2.2.4). */
export const BLOCK_SIZE = 65536;
export const MIN_MATCH = 3;

/** A length whose 4 bits are full goes on in a byte, that in 2 and then 4 bytes (MS-XCA 2.1.4.3). */
export const BITS4_FULL = 15;
export const BYTE_FULL = 255;

const SYMBOL_BITS = 9;
const SYMBOL_MASK = SYMBOLS - 1;
const DECODING_ENTRIES = 1 << MAX_CODE_LENGTH;

/** Fewer entries are written by a loop: a call of `fill` costs more. */
const SHORT_FILL = 16;

/**
 * Decompresses LZ77+Huffman (MS-XCA 2.2.4) until `output`, whose length is the stated original size, is full. What
 * follows is not looked at: encoders differ in how they end the last block.
 *
 * @throws {WireError} if the input is cut, has codes that do not fit together, refers to bytes before the output's
 * first, or holds a match that ends behind the output.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compressLz77Huffman, decompressLz77Huffman } from "../mod.ts";
 * const output = new Uint8Array(300);
 * const input = compressLz77Huffman(new TextEncoder().encode("abc".repeat(100)));
 * assertEquals(input.subarray(256).toHex(), "a8dc0000ff2601");
 * decompressLz77Huffman(input, output);
 * assertEquals(new TextDecoder().decode(output), "abc".repeat(100));
 * ```
 */
export function decompressLz77Huffman(input: Uint8Array, output: Uint8Array): void {
  const inputEnd = input.byteLength;
  const outputEnd = output.byteLength;
  const table = new Uint16Array(DECODING_ENTRIES);
  let at = 0;
  let to = 0;
  while (to < outputEnd) {
    if (inputEnd - at < TABLE_SIZE + 4) throw malformed(NAME, at, "the block is cut");
    fillDecodingTable(table, input, at);
    at += TABLE_SIZE;
    // The next bits from the highest down, of which 16 and `extra` are known.
    let bits = u16At(input, at) << 16 | u16At(input, at + 2);
    let extra = 16;
    at += 4;
    const blockEnd = Math.min(outputEnd, to + BLOCK_SIZE);
    while (to < blockEnd) {
      const entry = table[bits >>> (32 - MAX_CODE_LENGTH)]!;
      const codeLength = entry >>> SYMBOL_BITS;
      bits <<= codeLength;
      extra -= codeLength;
      if (extra < 0) {
        if (inputEnd - at < 2) throw malformed(NAME, at, "the codes are cut");
        bits |= u16At(input, at) << -extra;
        extra += 16;
        at += 2;
      }
      const symbol = entry & SYMBOL_MASK;
      if (symbol < FIRST_MATCH) {
        output[to++] = symbol;
        continue;
      }
      let length = symbol & 15;
      if (length === BITS4_FULL) {
        if (at === inputEnd) throw malformed(NAME, at, "the match length is cut");
        length = input[at++]!;
        if (length < BYTE_FULL) {
          length += BITS4_FULL;
        } else {
          if (inputEnd - at < 2) throw malformed(NAME, at, "the match length is cut");
          length = u16At(input, at);
          at += 2;
          if (length === 0) {
            if (inputEnd - at < 4) throw malformed(NAME, at, "the match length is cut");
            length = i32At(input, at) >>> 0;
            at += 4;
          }
          if (length < BITS4_FULL) {
            throw malformed(NAME, at, `match length ${length} has a shorter form`);
          }
        }
      }
      length += MIN_MATCH;
      const distanceBits = (symbol - FIRST_MATCH) >>> 4;
      // Shifted twice, for a shift by 32 is none.
      const distance = 1 << distanceBits | bits >>> 1 >>> (31 - distanceBits);
      bits <<= distanceBits;
      extra -= distanceBits;
      if (extra < 0) {
        if (inputEnd - at < 2) throw malformed(NAME, at, "the codes are cut");
        bits |= u16At(input, at) << -extra;
        extra += 16;
        at += 2;
      }
      if (distance > to) throw malformed(NAME, at, "a match begins before the output");
      if (length > outputEnd - to) throw malformed(NAME, at, "a match ends behind the output");
      to = copyMatch(output, to, distance, length);
    }
  }
}

/** Code length and symbol for each 15 bits that may come next (MS-XCA 2.2.4); `at` is where the lengths are. */
function fillDecodingTable(table: Uint16Array, input: Uint8Array, at: number): void {
  const counts = new Uint16Array(MAX_CODE_LENGTH + 1);
  for (let i = at; i < at + TABLE_SIZE; i++) {
    const pair = input[i]!;
    counts[pair & 15]!++;
    counts[pair >>> 4]!++;
  }
  const next = new Uint32Array(MAX_CODE_LENGTH + 1);
  let entries = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    next[length] = entries;
    entries += counts[length]! << (MAX_CODE_LENGTH - length);
  }
  if (entries !== DECODING_ENTRIES) {
    throw malformed(NAME, at, "the code lengths are not those of a Huffman code");
  }
  for (let symbol = 0; symbol < SYMBOLS; symbol++) {
    const length = input[at + (symbol >>> 1)]! >>> ((symbol & 1) << 2) & 15;
    if (length === 0) continue;
    const start = next[length]!;
    const end = start + (1 << (MAX_CODE_LENGTH - length));
    next[length] = end;
    const entry = length << SYMBOL_BITS | symbol;
    if (end - start < SHORT_FILL) {
      for (let i = start; i < end; i++) table[i] = entry;
    } else {
      table.fill(entry, start, end);
    }
  }
}
