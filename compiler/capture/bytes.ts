// deno-lint-ignore-file no-non-null-assertion -- bounds are tested once per header by the callers; a test per byte costs a third of the speed.
/**
 * Unsigned integers out of captured headers. Callers check bounds first: a header is tested once for its whole length,
 * and then read field by field. Capture headers are big-endian (network order) apart from the file formats themselves.
 *
 * @module
 */

/** The byte at an offset. */
export function uint8(bytes: Uint8Array, offset: number): number {
  return bytes[offset]!;
}

/** The 32-bit number at an index. */
export function wordOf(words: Uint32Array, index: number): number {
  return words[index]!;
}

/** The big-endian 16-bit number at an offset. */
export function uint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** The big-endian 32-bit number at an offset, unsigned. */
export function uint32(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) |
    bytes[offset + 3]!) >>> 0;
}

/** The 16-bit number at an offset in the byte order of the file. */
export function fileUint16(bytes: Uint8Array, offset: number, littleEndian: boolean): number {
  return littleEndian
    ? bytes[offset]! | (bytes[offset + 1]! << 8)
    : (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** The 32-bit number at an offset in the byte order of the file, unsigned. */
export function fileUint32(bytes: Uint8Array, offset: number, littleEndian: boolean): number {
  return littleEndian
    ? (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) |
      (bytes[offset + 3]! << 24)) >>> 0
    : uint32(bytes, offset);
}
