/** LZNT1 (MS-XCA 2.5). */
import { equalLength, LOOK_AHEAD, MatchFinder } from "./match_finder.ts";
import { copyLiterals, copyMatch, malformed, u16At } from "./shared.ts";

const NAME = "LZNT1";

/** Bytes that one chunk expands to at most (MS-XCA 2.5.3). */
const CHUNK_SIZE = 4096;
const MIN_MATCH = 3;
const COMPRESSED_CHUNK = 0x8000;
const SIGNATURE = 0x3000;
const SIGNATURE_MASK = 0x7000;
const SIZE_MASK = 0x0fff;

const FINDER = new MatchFinder({ minMatch: MIN_MATCH, window: CHUNK_SIZE, hashBits: 12 });

/**
 * Decompresses LZNT1 (MS-XCA 2.5) until `output`, whose length is the stated original size, is full.
 *
 * @throws {WireError} if the input is cut, refers to bytes before its chunk, or holds more or less than the output takes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decompressLznt1 } from "../mod.ts";
 * const output = new Uint8Array(6);
 * decompressLznt1(Uint8Array.fromHex("03b002610200"), output);
 * assertEquals(new TextDecoder().decode(output), "aaaaaa");
 * ```
 */
export function decompressLznt1(input: Uint8Array, output: Uint8Array): void {
  const inputEnd = input.byteLength;
  const outputEnd = output.byteLength;
  let at = 0;
  let to = 0;
  while (inputEnd - at >= 2) {
    const header = u16At(input, at);
    // End_of_buffer (MS-XCA 2.5.1.2).
    if (header === 0) break;
    if ((header & SIGNATURE_MASK) !== SIGNATURE) {
      throw malformed(NAME, at, `chunk header 0x${header.toString(16)} has no signature`);
    }
    const size = (header & SIZE_MASK) + 1;
    at += 2;
    if (inputEnd - at < size) throw malformed(NAME, at, "the chunk is cut");
    if ((header & COMPRESSED_CHUNK) === 0) {
      if (size > outputEnd - to) throw malformed(NAME, at, "a chunk ends behind the output");
      output.set(input.subarray(at, at + size), to);
      to += size;
    } else {
      to = decompressChunk(input, at, output, to, at + size);
    }
    at += size;
  }
  if (to < outputEnd) {
    throw malformed(NAME, at, `the input ends after ${to} of ${outputEnd} bytes`);
  }
}

function decompressChunk(
  input: Uint8Array,
  at: number,
  output: Uint8Array,
  start: number,
  inputEnd: number,
): number {
  const outputEnd = Math.min(output.byteLength, start + CHUNK_SIZE);
  let to = start;
  while (at < inputEnd) {
    let flags = input[at++]!;
    let count = Math.min(8, inputEnd - at);
    if (flags === 0) {
      if (count > outputEnd - to) throw malformed(NAME, at, "a literal lies behind the output");
      while (count-- > 0) output[to++] = input[at++]!;
      continue;
    }
    // Flags of elements behind the chunk mean nothing (MS-XCA 2.5.3).
    for (count = 8; count > 0 && at < inputEnd; count--, flags >>>= 1) {
      if ((flags & 1) === 0) {
        if (to === outputEnd) throw malformed(NAME, at, "a literal lies behind the output");
        output[to++] = input[at++]!;
        continue;
      }
      if (inputEnd - at < 2) throw malformed(NAME, at, "the compressed word is cut");
      const word = u16At(input, at);
      at += 2;
      const lengthBits = lengthBitsAt(to - start);
      const distance = (word >>> lengthBits) + 1;
      const length = (word & (1 << lengthBits) - 1) + MIN_MATCH;
      if (distance > to - start) throw malformed(NAME, at, "a match begins before its chunk");
      if (length > outputEnd - to) throw malformed(NAME, at, "a match ends behind the output");
      to = copyMatch(output, to, distance, length);
    }
  }
  return to;
}

/** Bits of the length in a compressed word with `done` bytes of the chunk before it (MS-XCA 2.5.1.4). */
function lengthBitsAt(done: number): number {
  return 16 - Math.max(4, 32 - Math.clz32(done - 1));
}

/**
 * Compresses to LZNT1 (MS-XCA 2.5). A chunk without repetitions is stored as it is, so the result is longer than the
 * data by 2 bytes for every 4096 at most.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compressLznt1 } from "../mod.ts";
 * assertEquals(compressLznt1(new TextEncoder().encode("aaaaaa")).toHex(), "03b002610200");
 * ```
 */
export function compressLznt1(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunks = Math.ceil(input.byteLength / CHUNK_SIZE);
  const output = new Uint8Array(input.byteLength + 2 * chunks);
  let to = 0;
  FINDER.reset();
  for (let start = 0; start < input.byteLength; start += CHUNK_SIZE) {
    const end = Math.min(start + CHUNK_SIZE, input.byteLength);
    const bodyAt = to + 2;
    const compressedEnd = compressChunk(input, start, output, bodyAt, end);
    let header = SIGNATURE;
    if (compressedEnd === -1) {
      output.set(input.subarray(start, end), bodyAt);
      header |= end - start - 1;
      to = bodyAt + end - start;
    } else {
      header |= COMPRESSED_CHUNK | compressedEnd - bodyAt - 1;
      to = compressedEnd;
    }
    output[bodyAt - 2] = header;
    output[bodyAt - 1] = header >>> 8;
  }
  return output.subarray(0, to);
}

/** Writes the flag groups of one chunk; returns their end, or -1 where they would not be shorter than the chunk. */
function compressChunk(
  input: Uint8Array,
  start: number,
  output: Uint8Array,
  to: number,
  end: number,
): number {
  const limit = to + end - start;
  const lastMatch = end - LOOK_AHEAD;
  let flagsAt = to;
  let flags = 0;
  let flagBit = 0x100;
  let pending = start;
  while (true) {
    const found = FINDER.next(input, pending, lastMatch, start);
    const at = found === -1 ? end : found;
    while (pending < at) {
      if (flagBit === 0x100) {
        if (to >= limit) return -1;
        output[flagsAt] = flags;
        flagsAt = to++;
        flags = 0;
        flagBit = 1;
      }
      const run = Math.min(8 - (31 - Math.clz32(flagBit)), at - pending);
      if (limit - to < run) return -1;
      copyLiterals(input, pending, output, to, run);
      pending += run;
      to += run;
      flagBit <<= run;
    }
    if (at === end) break;
    const candidate = FINDER.candidate;
    const lengthBits = lengthBitsAt(at - start);
    const longest = Math.min(end, at + MIN_MATCH + (1 << lengthBits) - 1);
    const length = MIN_MATCH + equalLength(input, at + MIN_MATCH, candidate + MIN_MATCH, longest);
    const word = (at - candidate - 1) << lengthBits | length - MIN_MATCH;
    if (flagBit === 0x100) {
      if (to >= limit) return -1;
      output[flagsAt] = flags;
      flagsAt = to++;
      flags = 0;
      flagBit = 1;
    }
    if (limit - to < 2) return -1;
    output[to++] = word;
    output[to++] = word >>> 8;
    flags |= flagBit;
    flagBit <<= 1;
    pending = at + length;
  }
  if (to >= limit) return -1;
  output[flagsAt] = flags;
  return to;
}
