/** LZ4 blocks (LZ4 Block Format Description, which MS-SMB2 names as [LZ4]). */
import { equalLength, MatchFinder } from "./match_finder.ts";
import { copyLiterals, copyMatch, malformed, u16At } from "./shared.ts";

const NAME = "LZ4";
const MIN_MATCH = 4;
const WINDOW = 65535;

/** A half of the token that is full goes on in bytes, up to the first that is not 255. */
const TOKEN_FULL = 15;
const BYTE_FULL = 255;

/** The last bytes of a block are literals, and the last match begins that far before its end. */
const LAST_LITERALS = 5;
const LAST_MATCH = 12;

const FINDER = new MatchFinder({ minMatch: MIN_MATCH, window: WINDOW, hashBits: 14 });

/**
 * Decompresses an LZ4 block until `output`, whose length is the stated original size, is full.
 *
 * @throws {WireError} if the input is cut, refers to bytes before the output's first, or holds more or less than the
 * output takes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decompressLz4 } from "../mod.ts";
 * const output = new Uint8Array(20);
 * decompressLz4(Uint8Array.fromHex("1a61010050" + "6161616161"), output);
 * assertEquals(new TextDecoder().decode(output), "a".repeat(20));
 * ```
 */
export function decompressLz4(input: Uint8Array, output: Uint8Array): void {
  const inputEnd = input.byteLength;
  const outputEnd = output.byteLength;
  let at = 0;
  let to = 0;
  while (at < inputEnd) {
    const token = input[at++]!;
    let literals = token >>> 4;
    if (literals === TOKEN_FULL) {
      let more: number;
      do {
        if (at === inputEnd) throw malformed(NAME, at, "the literal length is cut");
        more = input[at++]!;
        literals += more;
      } while (more === BYTE_FULL);
    }
    if (literals > inputEnd - at) throw malformed(NAME, at, "the literals are cut");
    if (literals > outputEnd - to) throw malformed(NAME, at, "literals end behind the output");
    copyLiterals(input, at, output, to, literals);
    at += literals;
    to += literals;
    // The last sequence ends with its literals.
    if (at === inputEnd) break;
    if (inputEnd - at < 2) throw malformed(NAME, at, "the match is cut");
    const distance = u16At(input, at);
    at += 2;
    let length = token & 15;
    if (length === TOKEN_FULL) {
      let more: number;
      do {
        if (at === inputEnd) throw malformed(NAME, at, "the match length is cut");
        more = input[at++]!;
        length += more;
      } while (more === BYTE_FULL);
    }
    length += MIN_MATCH;
    if (distance === 0 || distance > to) {
      throw malformed(NAME, at, "a match begins outside the output");
    }
    if (length > outputEnd - to) throw malformed(NAME, at, "a match ends behind the output");
    to = copyMatch(output, to, distance, length);
  }
  if (to < outputEnd) {
    throw malformed(NAME, at, `the input ends after ${to} of ${outputEnd} bytes`);
  }
}

/**
 * Compresses to an LZ4 block. The result of data without repetitions is longer than the data.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compressLz4 } from "../mod.ts";
 * assertEquals(compressLz4(new Uint8Array(20).fill(0x61)).toHex(), "1a61010050" + "6161616161");
 * ```
 */
export function compressLz4(input: Uint8Array): Uint8Array<ArrayBuffer> {
  const end = input.byteLength;
  const output = new Uint8Array(end + Math.floor(end / BYTE_FULL) + 16);
  const matchEnd = end - LAST_LITERALS;
  const lastMatch = end - LAST_MATCH;
  FINDER.reset();
  let to = 0;
  let pending = 0;
  while (true) {
    const found = FINDER.next(input, pending, lastMatch, 0);
    const at = found === -1 ? end : found;
    const literals = at - pending;
    const tokenAt = to++;
    let token = Math.min(literals, TOKEN_FULL) << 4;
    if (literals >= TOKEN_FULL) to = putLength(output, to, literals - TOKEN_FULL);
    copyLiterals(input, pending, output, to, literals);
    to += literals;
    if (found === -1) {
      output[tokenAt] = token;
      return output.subarray(0, to);
    }
    const candidate = FINDER.candidate;
    const rest = equalLength(input, at + MIN_MATCH, candidate + MIN_MATCH, matchEnd);
    pending = at + MIN_MATCH + rest;
    const distance = at - candidate;
    output[to++] = distance;
    output[to++] = distance >>> 8;
    token |= Math.min(rest, TOKEN_FULL);
    if (rest >= TOKEN_FULL) to = putLength(output, to, rest - TOKEN_FULL);
    output[tokenAt] = token;
  }
}

/** Writes what of a length its half of the token does not hold; returns the end. */
function putLength(output: Uint8Array, to: number, length: number): number {
  const full = Math.floor(length / BYTE_FULL);
  output.fill(BYTE_FULL, to, to + full);
  output[to + full] = length - full * BYTE_FULL;
  return to + full + 1;
}
