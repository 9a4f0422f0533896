/** What the algorithms have in common: their error, and the copy that a match stands for. */
import { WireError } from "../errors.ts";

/** Shorter copies are a loop over bytes: calling a typed array's method costs more (measured from 8 to 128 bytes). */
const SHORT_COPY = 64;

/** The error of compressed bytes that break the rules of their format; `at` is the offset in the compressed bytes. */
export function malformed(algorithm: string, at: number, reason: string): WireError {
  return new WireError(`Cannot decompress ${algorithm}: ${reason} at offset ${at}`, {
    field: algorithm,
    offset: at,
  });
}

/**
 * Copies `length` bytes within `output` from `distance` before `to`, first byte first, so that a distance below the
 * length repeats what was just written (MS-XCA 2.4.4). The caller has checked both ends. Returns the end.
 */
export function copyMatch(
  output: Uint8Array,
  to: number,
  distance: number,
  length: number,
): number {
  const end = to + length;
  let from = to - distance;
  if (length < SHORT_COPY) {
    while (to < end) output[to++] = output[from++]!;
  } else if (distance === 1) {
    output.fill(output[from]!, to, end);
  } else {
    // What lies between `from` and `to` repeats, and each copy doubles it.
    while (to < end) {
      const span = Math.min(to - from, end - to);
      output.copyWithin(to, from, from + span);
      to += span;
    }
  }
  return end;
}

/** Copies `length` bytes of `input` at `from` to `output` at `to`; the caller has checked the ends. */
export function copyLiterals(
  input: Uint8Array,
  from: number,
  output: Uint8Array,
  to: number,
  length: number,
): void {
  if (length < SHORT_COPY) {
    const end = from + length;
    while (from < end) output[to++] = input[from++]!;
  } else {
    output.set(input.subarray(from, from + length), to);
  }
}

/** The 16-bit little-endian number at `at`, which the caller has checked. */
export function u16At(input: Uint8Array, at: number): number {
  return input[at]! | input[at + 1]! << 8;
}

/** The 32-bit little-endian number at `at`, signed, which the caller has checked. */
export function i32At(input: Uint8Array, at: number): number {
  return input[at]! | input[at + 1]! << 8 | input[at + 2]! << 16 | input[at + 3]! << 24;
}

/** Writes 32 bits, little-endian. */
export function putI32(output: Uint8Array, at: number, value: number): void {
  output[at] = value;
  output[at + 1] = value >>> 8;
  output[at + 2] = value >>> 16;
  output[at + 3] = value >>> 24;
}
