/**
 * Small helpers over byte strings that every part of the room shares.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** Joins byte strings into one new one. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/**
 * Whether two byte strings are equal, in a time that does not depend on where they differ.
 * Strings of different lengths are unequal; the length itself is no secret.
 *
 * @param a One byte string.
 * @param b The other.
 * @returns Whether they hold the same bytes.
 * @example
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * import { equalBytes } from "./mod.ts";
 *
 * assert(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 2])));
 * assertFalse(equalBytes(new Uint8Array([1, 2]), new Uint8Array([1, 3])));
 * ```
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  // Every byte is looked at, whatever the ones before it were. For the sixteen bytes of a signature this is several
  // times cheaper than a call of node:crypto's timingSafeEqual.
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}

/** The UTF-16LE bytes of a text; unpaired surrogates are kept as they are. */
export function utf16Bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "utf16le"));
}

/** The text of UTF-16LE bytes; unpaired surrogates are kept, an odd last byte is dropped. */
export function utf16Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf16le");
}

/** The text of single-byte (OEM) characters, each byte one code point. */
export function oemText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** ASCII bytes of a constant. */
export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}
