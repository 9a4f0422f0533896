/** Plain LZ77 (MS-XCA 2.3, 2.4). */
import { equalLength, LOOK_AHEAD, MatchFinder } from "./match_finder.ts";
import { copyLiterals, copyMatch, i32At, malformed, putI32, u16At } from "./shared.ts";

const NAME = "LZ77";
const WINDOW = 8192;
const MIN_MATCH = 3;

/** A length whose 3 bits are full goes on in 4 bits, those in a byte, that in 2 and then 4 bytes (MS-XCA 2.3.4). */
const BITS3_FULL = 7;
const BITS4_FULL = 15;
const BYTE_FULL = 255;

/** Longest match that needs no 4-byte length, of which Wireshark 4.0 reads only 2 bytes. */
const MAX_WRITTEN_MATCH = MIN_MATCH + 0xffff;

const FINDER = new MatchFinder({ minMatch: MIN_MATCH, window: WINDOW, hashBits: 13 });

/**
 * Decompresses Plain LZ77 (MS-XCA 2.4.4) until `output`, whose length is the stated original size, is full.
 *
 * @throws {WireError} if the input is cut, refers to bytes before the output's first, or holds more or less than the
 * output takes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decompressLz77 } from "../mod.ts";
 * const output = new Uint8Array(300);
 * decompressLz77(Uint8Array.fromHex("ffffff1f61626317000fff2601"), output);
 * assertEquals(new TextDecoder().decode(output), "abc".repeat(100));
 * ```
 */
export function decompressLz77(input: Uint8Array, output: Uint8Array): void {
  const inputEnd = input.byteLength;
  const outputEnd = output.byteLength;
  let at = 0;
  let to = 0;
  // The next flag is the highest bit.
  let flags = 0;
  let flagCount = 0;
  let halfByteAt = 0;
  while (to < outputEnd) {
    if (flagCount === 0) {
      if (inputEnd - at < 4) throw malformed(NAME, at, "the flags are cut");
      flags = i32At(input, at);
      flagCount = 32;
      at += 4;
    }
    if (flags >= 0) {
      const run = Math.min(Math.clz32(flags), flagCount, outputEnd - to);
      if (inputEnd - at < run) throw malformed(NAME, at, "the literals are cut");
      copyLiterals(input, at, output, to, run);
      at += run;
      to += run;
      flags = run === 32 ? 0 : flags << run;
      flagCount -= run;
      continue;
    }
    flags <<= 1;
    flagCount--;
    if (inputEnd - at < 2) throw malformed(NAME, at, "the match is cut");
    const match = u16At(input, at);
    at += 2;
    const distance = (match >>> 3) + 1;
    let length = match & 7;
    if (length === BITS3_FULL) {
      if (halfByteAt === 0) {
        if (at === inputEnd) throw malformed(NAME, at, "the match length is cut");
        halfByteAt = at;
        length = input[at++]! & 15;
      } else {
        length = input[halfByteAt]! >>> 4;
        halfByteAt = 0;
      }
      if (length < BITS4_FULL) {
        length += BITS3_FULL;
      } else {
        if (at === inputEnd) throw malformed(NAME, at, "the match length is cut");
        length = input[at++]!;
        if (length < BYTE_FULL) {
          length += BITS4_FULL + BITS3_FULL;
        } else {
          if (inputEnd - at < 2) throw malformed(NAME, at, "the match length is cut");
          length = u16At(input, at);
          at += 2;
          if (length === 0) {
            if (inputEnd - at < 4) throw malformed(NAME, at, "the match length is cut");
            length = i32At(input, at) >>> 0;
            at += 4;
          }
          if (length < BITS4_FULL + BITS3_FULL) {
            throw malformed(NAME, at, `match length ${length} has a shorter form`);
          }
        }
      }
    }
    length += MIN_MATCH;
    if (distance > to) throw malformed(NAME, at, "a match begins before the output");
    if (length > outputEnd - to) throw malformed(NAME, at, "a match ends behind the output");
    to = copyMatch(output, to, distance, length);
  }
  // An encoder that has filled its flags makes room for the next ones (MS-XCA 2.3.4).
  const flagsAhead = flagCount === 0 && inputEnd - at === 4;
  if (at !== inputEnd && !flagsAhead) throw malformed(NAME, at, "bytes follow the whole output");
}

/** Bytes that {@linkcode compressLz77} makes of `length` bytes at worst. */
function worstLength(length: number): number {
  return length + 4 * (Math.floor(length / 32) + 1);
}

/**
 * Compresses to Plain LZ77 (MS-XCA 2.3.4). The result of data without repetitions is longer than the data.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compressLz77 } from "../mod.ts";
 * const input = new TextEncoder().encode("abc".repeat(100));
 * assertEquals(compressLz77(input).toHex(), "ffffff1f61626317000fff2601");
 * ```
 */
export function compressLz77(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const end = input.byteLength;
  const output = new Uint8Array(worstLength(end));
  const lastMatch = end - LOOK_AHEAD;
  FINDER.reset();
  let flags = 0;
  let flagCount = 0;
  let flagsAt = 0;
  let to = 4;
  let halfByteAt = 0;
  // First byte that is not yet in the output.
  let pending = 0;
  while (true) {
    const found = FINDER.next(input, pending, lastMatch, 0);
    const at = found === -1 ? end : found;
    while (pending < at) {
      const run = Math.min(32 - flagCount, at - pending);
      copyLiterals(input, pending, output, to, run);
      pending += run;
      to += run;
      flags = run === 32 ? 0 : flags << run;
      flagCount += run;
      if (flagCount === 32) {
        putI32(output, flagsAt, flags);
        flagCount = 0;
        flagsAt = to;
        to += 4;
      }
    }
    if (at === end) break;
    const candidate = FINDER.candidate;
    const longest = Math.min(end, at + MAX_WRITTEN_MATCH);
    let rest = equalLength(input, at + MIN_MATCH, candidate + MIN_MATCH, longest);
    pending = at + MIN_MATCH + rest;
    const first = (at - candidate - 1) << 3 | Math.min(rest, BITS3_FULL);
    output[to++] = first;
    output[to++] = first >>> 8;
    if (rest >= BITS3_FULL) {
      rest -= BITS3_FULL;
      const nibble = Math.min(rest, BITS4_FULL);
      if (halfByteAt === 0) {
        halfByteAt = to;
        output[to++] = nibble;
      } else {
        output[halfByteAt] = output[halfByteAt]! | nibble << 4;
        halfByteAt = 0;
      }
      if (rest >= BITS4_FULL) {
        rest -= BITS4_FULL;
        output[to++] = Math.min(rest, BYTE_FULL);
        if (rest >= BYTE_FULL) {
          rest += BITS4_FULL + BITS3_FULL;
          output[to++] = rest;
          output[to++] = rest >>> 8;
        }
      }
    }
    flags = flags << 1 | 1;
    if (++flagCount === 32) {
      putI32(output, flagsAt, flags);
      flagCount = 0;
      flagsAt = to;
      to += 4;
    }
  }
  // Flags that are left over are ones.
  const unused = 32 - flagCount;
  putI32(output, flagsAt, unused === 32 ? -1 : flags << unused | (1 << unused) - 1);
  return output.subarray(0, to);
}
